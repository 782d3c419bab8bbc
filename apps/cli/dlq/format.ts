import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { redrivenHeaders } from '#lib/stream/redriven.ts'
import type { Letter } from './letters.ts'
import type { Candidate } from './redrive.ts'

const messageWidth = 90
const dumpedBytes = 512

const timeOf = ({ record: { timestamp } }: Letter): string => new Date(timestamp).toISOString()
const shortened = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`)

/** What --json gives of a letter. The value is base64: it is bytes, and often not what they should be. */
export const letterJson = (letter: Letter) => {
  const { id, app, topic, code, message, attempt, redriven, record } = letter
  const { key, headers, value } = record
  return { id, at: timeOf(letter), app, topic, code, message, attempt, redriven, key, headers, value: value?.toString('base64') ?? null }
}

export function formatList(letters: readonly Letter[], limit: number): string {
  if (letters.length === 0) return 'no dead letters\n'
  const counts = Map.groupBy(letters, ({ app, topic, code }) => `${app}  ${topic}  ${code}`)
  const summary = [...counts]
    .sort(([, a], [, b]) => b.length - a.length)
    .map(([what, { length }]) => `${String(length).padStart(7)}  ${what}`)
  const shown = letters.slice(-limit)
  const rows = shown.map((letter) => {
    const { id, app, topic, code, attempt, redriven, message, record } = letter
    const tries = attempt === 1 ? '' : `  attempt ${attempt}`
    const state = redriven ? '  redriven' : ''
    return `${id.padEnd(9)}${timeOf(letter)}  ${app} ← ${topic}  ${record.key ?? ''}  ${code}${tries}${state}\n${' '.repeat(9)}${shortened(message, messageWidth)}`
  })
  const rest = letters.length > shown.length ? `… and ${letters.length - shown.length} older ones (--limit)\n` : ''
  return `${letters.length} dead letters\n${summary.join('\n')}\n\n${rows.join('\n')}\n${rest}`
}

/** `decoded`: the value as its topic's schema has it, or why it cannot be read so. */
export function formatLetter(letter: Letter, decoded: Readonly<{ value: unknown } | { problem: string }>): string {
  const { id, app, topic, code, message, attempt, redriven, record } = letter
  const { headers, key, value } = record
  const origin = `${topic}, partition ${headers[deadLetterHeaders.partition]}, offset ${headers[deadLetterHeaders.offset]}`
  const own = new Set<string>([...Object.values(deadLetterHeaders), ...Object.values(redrivenHeaders)])
  const others = Object.entries(headers).filter(([name]) => !own.has(name))
  const from = headers[redrivenHeaders.from]
  return [
    `letter   ${id}${redriven ? '   redriven' : ''}`,
    `refused  ${timeOf(letter)} by ${app}: ${code}`,
    `because  ${message}`,
    `from     ${origin}${attempt === 1 ? '' : `, attempt ${attempt}`}${from === undefined ? '' : `, redriven from letter ${from}`}`,
    `key      ${key ?? '(none)'}`,
    ...others.map(([name, text]) => `header   ${name}: ${text}`),
    `value    ${value === null ? '(none)' : `${value.length} bytes`}`,
    'value' in decoded ? JSON.stringify(decoded.value, null, 2) : `${decoded.problem}\n${dump(value)}`,
    '',
  ].join('\n')
}

/** The first bytes as people look at bytes: hexadecimal, and what of it is text. */
function dump(bytes: Buffer | null): string {
  if (bytes === null) return ''
  const lines: string[] = []
  for (let at = 0; at < Math.min(bytes.length, dumpedBytes); at += 16) {
    const row = bytes.subarray(at, at + 16)
    const text = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
    lines.push(`${String(at).padStart(6)}  ${(row.toString('hex').match(/../g) ?? []).join(' ').padEnd(48)} ${text}`)
  }
  return bytes.length > dumpedBytes ? `${lines.join('\n')}\n        … ${bytes.length - dumpedBytes} bytes more` : lines.join('\n')
}

export function formatRedrive(candidates: readonly Candidate[], dryRun: boolean): string {
  const sent = candidates.filter(({ obstacle }) => obstacle === null)
  const kept = candidates.filter(({ obstacle }) => obstacle !== null)
  const perApp = Map.groupBy(sent, ({ letter: { app, topic } }) => `to ${topic} for ${app}`)
  return [
    `${dryRun ? 'would redrive' : 'redrove'} ${sent.length} of ${candidates.length} letters`,
    ...[...perApp].map(([where, { length }]) => `${String(length).padStart(7)}  ${where}`),
    ...kept.map(({ letter, obstacle }) => `${letter.id.padEnd(9)}stays: ${obstacle}`),
    '',
  ].join('\n')
}
