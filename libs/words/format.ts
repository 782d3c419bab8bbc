/**
 * Numbers and times as a trader reads them, in terminal, Discord and page: the dashboard serves this very file as /words.js, so it imports
 * nothing. Times are UTC: alerts are read on several continents. What is not known is a dash.
 */

const unknown = '–'

/** What may be missing, or not a number. */
type Figure = number | null | undefined

const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

const isKnown = (value: Figure): value is number => typeof value === 'number' && Number.isFinite(value)

/** Dollars: with cents below a hundred, where they matter. */
export function usd(value: Figure): string {
  if (!isKnown(value)) return unknown
  const amount = Math.abs(value)
  return `${value < 0 ? '-' : ''}$${(amount < 100 ? cents : whole).format(amount)}`
}

export const signedUsd = (value: Figure): string => (isKnown(value) && value >= 0 ? `+${usd(value)}` : usd(value))

/** ETH with four significant digits, never in exponents. */
export function eth(value: number): string {
  if (!(value > 0)) return '0 ETH'
  const decimals = Math.max(0, Math.min(18, 3 - Math.floor(Math.log10(value))))
  return `${value.toFixed(decimals)} ETH`
}

/** A whole number in groups of three digits. */
export const count = (value: Figure): string => (isKnown(value) ? whole.format(value) : unknown)

export function percent(ratio: Figure, digits = 0): string {
  if (!isKnown(ratio)) return unknown
  return `${digits === 0 ? Math.round(ratio * 100) : (ratio * 100).toFixed(digits)}%`
}

export const signedPercent = (ratio: Figure): string => (isKnown(ratio) ? `${ratio < 0 ? '-' : '+'}${percent(Math.abs(ratio))}` : unknown)

/** A span of time in its largest unit, two where the second says something: 12 s, 4 min, 2 h 10 min, 3 d 4 h. */
export function span(millis: Figure): string {
  if (!isKnown(millis)) return unknown
  const length = Math.max(0, Math.round(millis))
  const seconds = Math.round(length / 1_000)
  const minutes = Math.round(length / 60_000)
  const hours = Math.round(length / 3_600_000)
  if (length < 1_000) return `${length} ms`
  if (seconds < 60) return `${seconds} s`
  if (minutes < 60) return `${minutes} min`
  if (minutes < 24 * 60) return twoUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  return twoUnits(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

const twoUnits = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`

const iso = (millis: Figure): string | null => (isKnown(millis) && Math.abs(millis) <= 8.64e15 ? new Date(millis).toISOString() : null)
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Apr 16 07:00 */
export function dateTime(millis: Figure): string {
  const text = iso(millis)
  return text === null ? unknown : `${months[Number(text.slice(5, 7)) - 1]} ${Number(text.slice(8, 10))} ${text.slice(11, 16)}`
}

/** 2022-04-14 */
export const date = (millis: Figure): string => iso(millis)?.slice(0, 10) ?? unknown

/** 2022-04-14 07:00 */
export const minute = (millis: Figure): string => iso(millis)?.slice(0, 16).replace('T', ' ') ?? unknown

/** 07:00:12 */
export const clockTime = (millis: Figure): string => iso(millis)?.slice(11, 19) ?? unknown

/** `back-risky-fish` as people say it: Risky Fish; `back-risky-fish-2`: Risky Fish (evolved). */
export function partName(partId: string): string {
  const id = String(partId).replace(/^(eyes|ears|mouth|horn|back|tail)-/, '')
  const name = id.replace(/-2$/, '').split('-').filter(Boolean).map(titleCase).join(' ')
  return id.endsWith('-2') && name !== '' ? `${name} (evolved)` : name
}

export function titleCase(text: string): string {
  return text === '' ? '' : text.charAt(0).toUpperCase() + text.slice(1)
}

/** A title of an axie as the marketplace writes it, of one in small letters: Origin, MEO Corp II. */
export const axieTitle = (title: string): string =>
  title
    .split(' ')
    .map((word) => (/^(meo|i+)$/i.test(word) ? word.toUpperCase() : titleCase(word)))
    .join(' ')
