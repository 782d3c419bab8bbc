/** What only the page needs of numbers and names; the words that terminal and Discord share are /words.js, which is libs/words/format.ts. */
import { span } from './words.js'

export {
  axieTitle,
  clockTime,
  count,
  date,
  dateTime,
  eth,
  partName,
  percent,
  signedPercent,
  signedUsd,
  span,
  titleCase,
  usd,
} from './words.js'

export const milliseconds = (value) => (value < 10 ? `${value.toFixed(1)} ms` : value < 10_000 ? `${Math.round(value)} ms` : span(value))

/** What the market calls things, cut to a length that no layout breaks at, without characters that turn or hide text. */
export function tame(text, longest = 60) {
  const clean = String(text).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu, '�')
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1)}…`
}
