import type { Clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { Log, LogRecord, NewRecord } from '#lib/stream/log.ts'
import { withHeaders } from '#lib/stream/raw-headers.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import { type BatchLimits, createPacer, dueBatches, type Pacer } from './pace.ts'
import type { ReplaySource } from './replay-source.ts'
import { createReplayWriter, type ReplayWriter } from './replay-writer.ts'

export type ReplayTopicOptions = Readonly<{
  log: Log
  clock: Clock
  source: ReplaySource
  /** See ReplayWriter. */
  sourceName: string
  /** Written to, with its prefix. */
  topic: string
  group: string
  /** Times the recorded pace; infinite: as fast as it goes. */
  speed: number
  /** Ends the replay between two transactions. */
  signal: AbortSignal
  /** Limits of one transaction. */
  limits?: BatchLimits
  onBegin?: (counts: Readonly<{ total: number; done: number }>) => void
  onRecords?: (count: number) => void
  onWait?: (problem: string) => void
}>

const usualLimits: BatchLimits = { maxRecords: 1_000, maxBytes: 1_000_000 }

/**
 * Replays one topic, each record to its own partition, in order, exactly once; goes on where an earlier replay stopped. Value and key are
 * the recorded bytes. Resolves when everything is written or `signal` is aborted.
 */
export async function replayTopic(options: ReplayTopicOptions): Promise<void> {
  const { log, clock, source, topic, group, sourceName, speed, onWait } = options
  const writers = new Map<number, ReplayWriter>()
  try {
    const positions = new Map<number, number>()
    for (const partition of source.partitions) {
      const writer = createReplayWriter({ log, clock, group, target: { topic, partition }, sourceName, ...(onWait && { onWait }) })
      writers.set(partition, writer)
      positions.set(partition, await writer.open())
    }
    const count = (from: (partition: number) => number) =>
      source.partitions.reduce((sum, partition) => sum + source.count(partition, from(partition)), 0)
    const total = count(() => 0)
    options.onBegin?.({ total, done: total - count((partition) => positions.get(partition)!) })
    const readers = await Promise.all(
      source.partitions.map((partition) => peek(partition, source.read(partition, positions.get(partition)!))),
    )
    const start = Math.min(...readers.map(({ first }) => first?.timestamp ?? Number.POSITIVE_INFINITY))
    const pacer = createPacer({ clock, speed, start })
    await allOrNone(options.signal, (signal) =>
      readers.map(({ partition, records }) => replayPartition(records, writers.get(partition)!, pacer, { ...options, signal })),
    )
  } finally {
    await Promise.all([...writers.values()].map((writer) => writer.close()))
  }
}

/** When one fails, the others end too, between two transactions; only then does this reject. */
async function allOrNone(signal: AbortSignal, begin: (signal: AbortSignal) => Promise<void>[]): Promise<void> {
  const failed = new AbortController()
  const running = begin(AbortSignal.any([signal, failed.signal]))
  for (const one of running) one.catch((error) => failed.abort(error))
  await Promise.allSettled(running)
  await Promise.all(running)
}

async function replayPartition(
  records: AsyncIterable<LogRecord>,
  writer: ReplayWriter,
  pacer: Pacer,
  { clock, topic, signal, onRecords, limits = usualLimits }: ReplayTopicOptions,
): Promise<void> {
  try {
    for await (const batch of dueBatches(records, { pacer, clock, limits, signal })) {
      if (signal.aborted) return
      await writer.write(
        batch.map((record) => newRecord(record, topic, clock)),
        batch.at(-1)!.offset + 1,
      )
      onRecords?.(batch.length)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** The moment of collection is wall clock: latencies and deadlines of a replay are its own. No value depends on it. */
function newRecord(record: LogRecord, topic: string, clock: Clock): NewRecord {
  const { key, value, headers, offset, partition } = record
  if (key === null) throw new FatalError(`the record at offset ${offset} has no key: such topics cannot be replayed`)
  const restamped = headers[collectedAtHeader] === undefined ? {} : { [collectedAtHeader]: String(clock.now()) }
  return { topic, partition, key, value, ...withHeaders(record, restamped) }
}

/** The first record, and all of them. */
async function peek(partition: number, records: AsyncIterable<LogRecord>) {
  const iterator = records[Symbol.asyncIterator]()
  const first = await iterator.next()
  return {
    partition,
    first: first.done ? null : first.value,
    records: (async function* () {
      if (first.done) return
      yield first.value
      yield* { [Symbol.asyncIterator]: () => iterator }
    })(),
  }
}
