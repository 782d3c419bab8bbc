/**
 * How a cell of a sales file is read, by every command that reads one. People's tools write the same number in many ways: pandas makes
 * 1.0 of a whole number once a column had a gap, Excel pads with spaces. What cannot be meant is not guessed.
 */

/** The text of a cell without the space around it; null where it is empty. */
export function textCell(cell: string | undefined): string | null {
  const text = cell?.trim() ?? ''
  return text === '' ? null : text
}

/** A decimal number; null where the cell is empty or says something else. */
export function numberCell(cell: string | undefined): number | null {
  const text = textCell(cell)
  return text !== null && /^-?\d+(\.\d*)?$/.test(text) ? Number(text) : null
}

/** A whole number of 0 or more, also where it is written as 1.0; null where the cell says anything else. */
export function wholeNumberCell(cell: string | undefined): number | null {
  const text = textCell(cell)
  if (text === null || !/^\d{1,19}(\.0*)?$/.test(text)) return null
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : null
}

const units = [
  { per: 1e3, name: 'milliseconds' },
  { per: 1e6, name: 'microseconds' },
  { per: 1e9, name: 'nanoseconds' },
] as const

/** The year 2200, unix seconds: a number beyond it is of a finer unit. */
const latestSeconds = Date.UTC(2200, 0) / 1_000

/** Unix seconds as milliseconds, or what to tell the one who wrote the cell. */
export function timeCell(cell: string | undefined): number | Readonly<{ problem: string }> {
  const text = textCell(cell)
  const seconds = wholeNumberCell(cell) ?? (text !== null && /^\d{17,19}$/.test(text) ? Number(text) : null)
  if (seconds === null) return { problem: `expected time in unix seconds, which have no time zone, found ${JSON.stringify(cell ?? '')}` }
  if (seconds <= latestSeconds) return seconds * 1_000
  const unit = units.find(({ per }) => seconds / per <= latestSeconds)
  return { problem: `expected time in unix seconds, found ${text}${unit === undefined ? '' : `: are these ${unit.name}?`}` }
}
