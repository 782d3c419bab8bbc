import { count } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'
import type { Difference, OutputComparison } from './compare-outputs.ts'

const maxFields = 24

/** What a person reads of a comparison: one line where all is the same; else the first difference, field by field. */
export function formatComparison({ topic, recorded, replayed, identical, first, otherMakers }: OutputComparison): string {
  if (otherMakers.length > 0)
    return `REFUSED  ${topic}: made by something else, so nothing can be compared: ${otherMakers.join('; ')}. Replay with what recorded it\n`
  const counts = `${count(recorded)} recorded, ${count(replayed)} replayed, ${count(identical)} identical to the byte`
  return first === null ? `ok       ${topic}: ${counts}\n` : `DIFFERS  ${topic}: ${counts}\n${formatDifference(first)}`
}

function formatDifference({ partition, position, recorded, replayed, recordedValue, replayedValue }: Difference): string {
  const key = (recorded ?? replayed)?.key ?? ''
  const at = (record: Difference['recorded']) => (record === null ? 'nothing' : `offset ${record.offset}`)
  const where = `  the first difference is record ${position + 1} of partition ${partition} (recorded: ${at(recorded)}, replayed: ${at(replayed)}), key ${key}\n`
  return recorded === null || replayed === null ? where : `${where}${formatFields(recordedValue, replayedValue, 'replayed')}`
}

/** The fields that are not the same on both sides, below each other; nothing where one side is missing. */
export function formatFields(recorded: unknown, other: unknown, name: 'replayed' | 'computed'): string {
  const fields = recorded === null || other === null ? [] : differingFields(recorded, other)
  if (fields.length === 0) return ''
  const rows = [['field', 'recorded', name], ...fields.slice(0, maxFields)]
  const lines = alignColumns(rows, { left: 'all', indent: 4 }).map((line) => `${line}\n`)
  const more = fields.length > maxFields ? `    … and ${fields.length - maxFields} more fields\n` : ''
  return `${lines.join('')}${more}`
}

/** Path, recorded, replayed: of every plain value that is not the same on both sides. */
function differingFields(recorded: unknown, replayed: unknown): string[][] {
  const [before, after] = [flatten(recorded), flatten(replayed)]
  const paths = [...new Set([...before.keys(), ...after.keys()])]
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => [path, abridged(before.get(path) ?? '-'), abridged(after.get(path) ?? '-')])
}

const maxTextLength = 40

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (Buffer.isBuffer(value)) into.set(path, value.toString('hex'))
  else if (typeof value === 'object' && value !== null) {
    for (const [name, content] of Object.entries(value)) flatten(content, path === '' ? name : `${path}.${name}`, into)
  } else if (path !== '') into.set(path, String(value))
  return into
}

const abridged = (text: string): string => (text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength - 1)}…`)
