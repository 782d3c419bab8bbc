import type { LogRecord } from '#lib/stream/log.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import type { createTrailProcessor, Event } from './processor.ts'

type TrailProcessor = ReturnType<typeof createTrailProcessor>

type Written = Readonly<{
  /** By partition, as they were fed. */
  inputs: readonly (readonly LogRecord[])[]
  outputs: readonly LogRecord[]
  deadLetters: readonly LogRecord[]
  processor: TrailProcessor
  exactlyOnce: boolean
}>

/** What is wrong with what a read-committed reader sees: null where it is what a run that nothing disturbed writes, once, in order. */
export function judge({ inputs, outputs, deadLetters, processor, exactlyOnce }: Written): string | null {
  const sourceOf = new Map(inputs.flatMap((own, partition) => own.map((record) => [record.headers['collected-at']!, partition] as const)))
  const actual = bySource(outputs, sourceOf, inputs.length)
  const refused = bySource(deadLetters, sourceOf, inputs.length)
  for (const [partition, own] of inputs.entries()) {
    const expected = undisturbed(own, processor)
    const problem =
      compare(`outputs of partition ${partition}`, expected.outputs, actual[partition]!, exactlyOnce) ??
      compare(`dead letters of partition ${partition}`, expected.refused, refused[partition]!, exactlyOnce)
    if (problem !== null) return problem
  }
  return null
}

/** Straight from the fold, in one go. */
function undisturbed(own: readonly LogRecord[], processor: TrailProcessor): { outputs: string[]; refused: string[] } {
  const fold = createFold(processor, { offset: 0, clock: null, carry: undefined })
  const outputs: string[] = []
  const refused: string[] = []
  for (const { value, ...record } of own) {
    const text = value!.toString()
    const isGarbage = text.startsWith('garbage')
    const result = isGarbage ? null : fold.apply([{ value: JSON.parse(text) as Event, record }])[0]!
    if (result === null || result.type === 'reject') refused.push(text)
    else if (result.type === 'emit') outputs.push(...result.outputs.map((output) => JSON.stringify(output.value)))
  }
  return { outputs, refused }
}

function bySource(records: readonly LogRecord[], sourceOf: ReadonlyMap<string, number>, partitions: number): string[][] {
  const parts: string[][] = Array.from({ length: partitions }, () => [])
  for (const { headers, value } of records) parts[sourceOf.get(headers['collected-at']!)!]!.push(value!.toString())
  return parts
}

function compare(what: string, expected: readonly string[], actual: readonly string[], exactlyOnce: boolean): string | null {
  // At least once may repeat, never leave out, and never say two things of one record.
  const seen = exactlyOnce ? actual : [...new Set(actual)]
  const wanted = exactlyOnce ? expected : [...expected]
  const differs = wanted.findIndex((text, index) => text !== seen[index])
  if (differs === -1 && seen.length === wanted.length) return null
  const index = differs === -1 ? wanted.length : differs
  return `${what}: expected ${wanted.length}, found ${seen.length}; number ${index} should be ${wanted[index] ?? 'none'}, is ${seen[index] ?? 'none'}`
}
