/** Numbers and times as a trader reads them. Times are UTC: alerts are read on several continents. */

const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** Dollars: with cents below a hundred, where they matter. */
export const usd = (value: number): string =>
  `${value < 0 ? '-' : ''}$${Math.abs(value) < 100 ? cents.format(Math.abs(value)) : whole.format(Math.abs(value))}`

export const signedUsd = (value: number): string => `${value < 0 ? '' : '+'}${usd(value)}`

/** ETH with four significant digits, never in exponents. */
export function eth(value: number): string {
  if (!(value > 0)) return '0 ETH'
  const decimals = Math.max(0, Math.min(18, 3 - Math.floor(Math.log10(value))))
  return `${value.toFixed(decimals)} ETH`
}

export const percent = (ratio: number): string => `${Math.round(ratio * 100)}%`

export const signedPercent = (ratio: number): string => `${ratio < 0 ? '-' : '+'}${percent(Math.abs(ratio))}`

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** A span of time in its largest unit, two where the second says something: 12 s, 4 min, 2 h 10 min, 3 d 4 h. */
export function span(millis: number): string {
  const whole = Math.max(0, millis)
  if (whole < second) return `${Math.round(whole)} ms`
  if (whole < minute) return `${Math.round(whole / second)} s`
  if (whole < hour) return `${Math.round(whole / minute)} min`
  if (whole < day) return join(Math.floor(whole / hour), 'h', Math.round((whole % hour) / minute), 'min')
  return join(Math.floor(whole / day), 'd', Math.round((whole % day) / hour), 'h')
}

const join = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Apr 16 07:00 */
export function dateTime(millis: number): string {
  if (!Number.isFinite(millis) || Math.abs(millis) > 8.64e15) return '?'
  const date = new Date(millis)
  return `${months[date.getUTCMonth()]} ${date.getUTCDate()} ${date.toISOString().slice(11, 16)}`
}

/** 2022-04-14 */
export const date = (millis: number): string => (Math.abs(millis) <= 8.64e15 ? new Date(millis).toISOString().slice(0, 10) : '?')

/** `back-risky-fish` as people say it: Risky Fish. */
export const partName = (partId: string): string =>
  partId
    .replace(/^(eyes|ears|mouth|horn|back|tail)-/, '')
    .split('-')
    .filter(Boolean)
    .map((word) => word[0]!.toUpperCase() + word.slice(1))
    .join(' ')

export const titleCase = (text: string): string => (text === '' ? '' : text[0]!.toUpperCase() + text.slice(1))
