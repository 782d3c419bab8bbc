import { bodyOf, type Codec, schemaIdOf } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { ReplaySource } from './replay-source.ts'

/** One side of a comparison: its records, and what decodes them. */
export type ComparedSide = Readonly<{ source: ReplaySource; codec: Codec }>

export type Difference = Readonly<{
  partition: number
  /** Counted from 0, in the order of the partition. */
  position: number
  /** Null where one side has ended. */
  recorded: LogRecord | null
  replayed: LogRecord | null
  /** Decoded, where it can be. */
  recordedValue: unknown
  replayedValue: unknown
}>

export type OutputComparison = Readonly<{
  topic: string
  recorded: number
  replayed: number
  identical: number
  first: Difference | null
  /** What was not the same on both sides before a listing was seen: then no difference says anything about the pipeline. */
  otherMakers: readonly string[]
}>

/**
 * Lays the outputs of a replay beside the recorded ones: partition by partition, in order, key and value byte for byte. Offsets,
 * timestamps and headers are the log's and the clock's own. The writer's schema may have another id in another registry, not another text.
 */
export async function compareOutputs(topic: string, recorded: ComparedSide, replayed: ComparedSide): Promise<OutputComparison> {
  const partitions = [...new Set([...recorded.source.partitions, ...replayed.source.partitions])].sort((a, b) => a - b)
  // Side by side: a topic is read by all partitions at once.
  const parts = await Promise.all(partitions.map((partition) => comparePartition(partition, recorded, replayed)))
  const sum = (count: (part: PartitionComparison) => number) => parts.reduce((total, part) => total + count(part), 0)
  return {
    topic,
    recorded: sum((part) => part.recorded),
    replayed: sum((part) => part.replayed),
    identical: sum((part) => part.identical),
    first: parts.find(({ first }) => first !== null)?.first ?? null,
    otherMakers: [...new Set(parts.flatMap((part) => part.otherMakers))],
  }
}

type PartitionComparison = Omit<OutputComparison, 'topic'>

async function comparePartition(partition: number, recorded: ComparedSide, replayed: ComparedSide): Promise<PartitionComparison> {
  const left = iterate(recorded, partition)
  const right = iterate(replayed, partition)
  const counts = { recorded: 0, replayed: 0, identical: 0 }
  let first: Difference | null = null
  let otherMakers: readonly string[] = []
  for (let position = 0; ; position++) {
    const [a, b] = await Promise.all([left.next(), right.next()])
    if (a.done && b.done) return { ...counts, first, otherMakers }
    const pair = { recorded: a.done ? null : a.value, replayed: b.done ? null : b.value }
    if (pair.recorded !== null) counts.recorded++
    if (pair.replayed !== null) counts.replayed++
    if (pair.recorded !== null && pair.replayed !== null && (await isSame(pair.recorded, pair.replayed, recorded.codec, replayed.codec))) {
      counts.identical++
    } else if (first === null) {
      const recordedValue = await decoded(pair.recorded, recorded.codec)
      const replayedValue = await decoded(pair.replayed, replayed.codec)
      first = { partition, position, ...pair, recordedValue, replayedValue }
      otherMakers = differingMakers(recordedValue, replayedValue)
    }
  }
}

const iterate = ({ source }: ComparedSide, partition: number): AsyncIterator<LogRecord> =>
  source.partitions.includes(partition) ? source.read(partition, 0)[Symbol.asyncIterator]() : (async function* () {})()

async function isSame(a: LogRecord, b: LogRecord, codecOfA: Codec, codecOfB: Codec): Promise<boolean> {
  if (a.key !== b.key) return false
  if (a.value === null || b.value === null) return a.value === b.value
  if (a.value.equals(b.value)) return true
  const [idOfA, idOfB] = [schemaIdOf(a.value), schemaIdOf(b.value)]
  if (idOfA === null || idOfB === null || idOfA === idOfB || !bodyOf(a.value).equals(bodyOf(b.value))) return false
  return (await codecOfA.writerSchema(idOfA)) === (await codecOfB.writerSchema(idOfB))
}

async function decoded(record: LogRecord | null, codec: Codec): Promise<unknown> {
  if (record === null || record.value === null) return null
  try {
    return await codec.decodeAsWritten(record.value)
  } catch (error) {
    if (error instanceof RejectedError) return { undecoded: error.message }
    throw error
  }
}

type Maker = Readonly<{
  modelId?: string
  featureSetHash?: string
  backend?: string
  codeVersion?: string
  listing?: { rulesHash?: string | null }
}>

/** Who made a record: it says so itself. An alert carries the scored record that it was decided on. */
function makerOf(value: unknown): Readonly<Record<string, string | null | undefined>> {
  const { modelId, featureSetHash, backend, codeVersion, listing }: Maker =
    (value as { scored?: Maker } | null)?.scored ?? (value as Maker | null) ?? {}
  return { model: modelId, 'feature set': featureSetHash, backend, 'code version': codeVersion, rules: listing?.rulesHash }
}

function differingMakers(recorded: unknown, replayed: unknown): string[] {
  if (recorded === null || replayed === null) return []
  const [before, after] = [makerOf(recorded), makerOf(replayed)]
  return Object.keys(before)
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name} ${before[name]} when recorded, ${after[name]} in the replay`)
}
