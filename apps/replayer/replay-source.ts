import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'

/** Where records to be replayed come from. Offsets are those of the log in which they were recorded, whichever it is. */
export interface ReplaySource {
  /** Of the partitions that hold a record. */
  readonly partitions: readonly number[]
  /** How many records a partition has from an offset on (for the progress; of a topic, markers are counted in). */
  count(partition: number, fromOffset: number): number
  /** In log order, to the end that the source had when it was opened. Once per partition. */
  read(partition: number, fromOffset: number): AsyncIterable<LogRecord>
  close(): Promise<void>
}

export async function archiveSource(archive: Archive, topic: ArchivedTopic): Promise<ReplaySource> {
  const manifests = await archive.manifests(topic)
  return {
    partitions: [...new Set(manifests.map(({ partition }) => partition))],
    count: (partition, fromOffset) =>
      manifests
        .filter((manifest) => manifest.partition === partition && manifest.end > fromOffset)
        .reduce((sum, { count }) => sum + count, 0),
    read: (partition, fromOffset) => archive.records(topic, { partition, fromOffset }),
    async close() {},
  }
}

/** A topic of the log, as far as it goes now. All its partitions must be read, side by side. */
export async function topicSource(log: Log, topic: string): Promise<ReplaySource> {
  const admin = log.admin()
  const ends = (await admin.offsets(topic)).filter(({ first, next }) => next > first)
  await admin.close()
  const handOvers = new Map(ends.map(({ partition, next }) => [partition, createHandOver(next)]))
  const follower = await log.follow([topic], (records) => handOvers.get(records[0]!.partition)?.put(records))
  follower.caughtUp.then(
    () => {
      for (const { end } of handOvers.values()) end()
    },
    (error: Error) => {
      for (const { fail } of handOvers.values()) fail(error)
    },
  )
  return {
    partitions: ends.map(({ partition }) => partition),
    count(partition, fromOffset) {
      const found = ends.find((candidate) => candidate.partition === partition)
      return found === undefined ? 0 : Math.max(0, found.next - Math.max(fromOffset, found.first))
    },
    read: (partition, fromOffset) => handOvers.get(partition)!.take(fromOffset),
    close: follower.stop,
  }
}

/** From a reader that pushes to one that pulls: the next batch is taken over only when the last one is used up. */
function createHandOver(end: number) {
  const waiting: { records: readonly LogRecord[]; taken: () => void }[] = []
  let wake = Promise.withResolvers<void>()
  let ended = false
  let failure: Error | null = null
  const changed = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  return {
    put: (records: readonly LogRecord[]): Promise<void> =>
      new Promise((taken) => {
        waiting.push({ records, taken })
        changed()
      }),
    end() {
      ended = true
      changed()
    },
    fail(error: Error) {
      failure = error
      changed()
    },
    async *take(fromOffset: number): AsyncGenerator<LogRecord> {
      let next = fromOffset
      for (;;) {
        const batch = waiting.shift()
        if (batch === undefined) {
          if (failure !== null) throw failure
          if (ended) return
          await wake.promise
          continue
        }
        // A member that was slow is expelled and reads on from a little earlier: an offset is never given twice.
        for (const record of batch.records) {
          if (record.offset < next || record.offset >= end) continue
          yield record
          next = record.offset + 1
        }
        batch.taken()
      }
    },
  }
}
