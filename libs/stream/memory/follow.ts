import type { Follower, FollowOptions, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import type { MemoryPartition } from './partition.ts'

type Reading = { readonly tp: TopicPartition; readonly partition: MemoryPartition; position: number; readonly target: number }

const maxBytesPerRead = 1_048_576
const maxRecordsPerRead = 1_000

/** Reads partitions from their beginning, or from `startAt`, side by side, until stopped. */
export function followPartitions(
  partitions: ReadonlyArray<readonly [TopicPartition, MemoryPartition]>,
  onRecords: (records: readonly LogRecord[]) => void | Promise<void>,
  { startAt }: FollowOptions = {},
): { follower: Follower; isIdle(): boolean; position(partition: TopicPartition): number | null } {
  const readings: Reading[] = partitions.map(([tp, partition]) => ({
    tp,
    partition,
    position: startAt?.({ ...tp, first: partition.first(), next: partition.next() }) ?? partition.first(),
    target: partition.stable(),
  }))
  let stopped = false
  let busy = 0
  let behind = readings.filter(({ position, target }) => position < target).length
  const caughtUp = Promise.withResolvers<void>()
  caughtUp.promise.catch(() => {})
  if (behind === 0) caughtUp.resolve()

  const advance = (reading: Reading, position: number) => {
    const wasBehind = reading.position < reading.target
    reading.position = position
    if (wasBehind && position >= reading.target && --behind === 0) caughtUp.resolve()
  }

  const read = async (reading: Reading): Promise<void> => {
    while (!stopped) {
      const { records, nextOffset } = reading.partition.read(reading.position, maxBytesPerRead, maxRecordsPerRead)
      busy++
      try {
        if (records.length > 0) await onRecords(records)
      } finally {
        busy--
      }
      advance(reading, nextOffset)
      // Stopped meanwhile: the wake-up has been, and would not come again.
      if (stopped) return
      await reading.partition.grown(reading.position)
    }
  }

  const finished = Promise.all(readings.map(read)).then(() => {})
  const stop = async () => {
    stopped = true
    for (const { partition } of readings) partition.wake()
    await finished
  }
  finished.catch((error) => {
    caughtUp.reject(error)
    void stop().catch(() => {})
  })
  return {
    follower: { caughtUp: caughtUp.promise, finished, stop },
    isIdle: () => stopped || (busy === 0 && readings.every(({ partition, position }) => position >= partition.stable())),
    position: ({ topic, partition }) =>
      stopped ? null : (readings.find(({ tp }) => tp.topic === topic && tp.partition === partition)?.position ?? null),
  }
}
