import type { Log, LogRecord } from './log.ts'

/** A topic read once, from anywhere to the end that it has now, at the reader's own pace. */
export interface TopicReader {
  /** First and next offset of the partitions that hold a record or a marker. */
  readonly ranges: ReadonlyArray<Readonly<{ partition: number; first: number; next: number }>>
  /** Visible records in offset order. Once per partition; all partitions must be read, side by side: one reader in the back serves them all. */
  read(partition: number, fromOffset: number): AsyncIterable<LogRecord>
  close(): Promise<void>
}

export async function openTopic(log: Log, topic: string): Promise<TopicReader> {
  const admin = log.admin()
  const ranges = (await admin.offsets(topic)).filter(({ first, next }) => next > first)
  await admin.close()
  const handOvers = new Map(ranges.map(({ partition, next }) => [partition, createHandOver(next)]))
  const follower = await log.follow([topic], (records) => handOvers.get(records[0]!.partition)?.put(records))
  follower.caughtUp.then(
    () => {
      for (const { end } of handOvers.values()) end()
    },
    (error: Error) => {
      for (const { fail } of handOvers.values()) fail(error)
    },
  )
  return { ranges, read: (partition, fromOffset) => handOvers.get(partition)!.take(fromOffset), close: follower.stop }
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
