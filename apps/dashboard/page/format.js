/** Numbers and times as a trader reads them. Times are UTC: the page is read on several continents. */

const cents = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value)

export const usd = (value) =>
  isNumber(value) ? `${value < 0 ? '−' : ''}$${Math.abs(value) < 100 ? cents.format(Math.abs(value)) : whole.format(Math.abs(value))}` : '–'

export const signedUsd = (value) => (isNumber(value) && value >= 0 ? `+${usd(value)}` : usd(value))

export const count = (value) => (isNumber(value) ? whole.format(value) : '–')

export function eth(value) {
  if (!(value > 0)) return '0 ETH'
  const decimals = Math.max(0, Math.min(18, 3 - Math.floor(Math.log10(value))))
  return `${value.toFixed(decimals)} ETH`
}

export const percent = (ratio) => (isNumber(ratio) ? `${Math.round(ratio * 100)}%` : '–')

export const signedPercent = (ratio) => (isNumber(ratio) ? `${ratio < 0 ? '−' : '+'}${Math.abs(Math.round(ratio * 100))}%` : '–')

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const joined = (large, largeUnit, small, smallUnit) =>
  small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`

/** 12 s, 4 min, 2 h 10 min, 3 d 4 h. */
export function span(millis) {
  if (!isNumber(millis)) return '–'
  const length = Math.max(0, millis)
  if (length < second) return `${Math.round(length)} ms`
  if (length < minute) return `${Math.round(length / second)} s`
  if (length < hour) return `${Math.round(length / minute)} min`
  if (length < day) return joined(Math.floor(length / hour), 'h', Math.floor((length % hour) / minute), 'min')
  return joined(Math.floor(length / day), 'd', Math.floor((length % day) / hour), 'h')
}

export const milliseconds = (value) => (value < 10 ? `${value.toFixed(1)} ms` : value < 10_000 ? `${Math.round(value)} ms` : span(value))

const isoOf = (millis) => (isNumber(millis) && Math.abs(millis) <= 8.64e15 ? new Date(millis).toISOString() : null)
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** 07:00:12 */
export const clockTime = (millis) => isoOf(millis)?.slice(11, 19) ?? '–'

/** Apr 16 07:00 */
export function dateTime(millis) {
  const iso = isoOf(millis)
  return iso === null ? '–' : `${months[Number(iso.slice(5, 7)) - 1]} ${Number(iso.slice(8, 10))} ${iso.slice(11, 16)}`
}

/** 2022-04-16 */
export const date = (millis) => isoOf(millis)?.slice(0, 10) ?? '–'

/** `back-risky-fish` as people say it: Risky Fish. */
export const partName = (id) =>
  String(id)
    .replace(/^(eyes|ears|mouth|horn|back|tail)-/, '')
    .split('-')
    .filter(Boolean)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join(' ')

export const titleCase = (text) => (text === '' ? '' : text[0].toUpperCase() + text.slice(1))

/** What the market calls things, cut to a length that no layout breaks at, without characters that turn or hide text. */
export function tame(text, longest = 60) {
  const clean = String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu, '�')
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`
}
