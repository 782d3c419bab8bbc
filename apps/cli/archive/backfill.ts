import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import type { ArchiveLocation } from '#lib/archive/layout.ts'
import { createPartitionArchiver } from '#lib/archive/partition-archiver.ts'
import { createSegmentStore, type SegmentStore } from '#lib/archive/segment-store.ts'
import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { CommittedOffset, Log, LogRecord } from '#lib/stream/log.ts'
import { openTopic } from '#lib/stream/topic-reader.ts'

export type Backfill = Readonly<{
  topic: string
  /** Objects written now, and objects found with the same records. */
  created: number
  same: number
  records: number
}>

export type BackfillOptions = Readonly<{
  log: Log
  codec: Codec
  clock: Clock
  /** In the log, with the run's prefix. */
  topic: string
  store: ObjectStore
  location: ArchiveLocation
  limits: Readonly<{ maxRecords: number; maxBytes: number }>
  onWait?: (problem: string) => void
}>

const batchRecords = 500
const pauseMillis = 500

/**
 * Archives a topic from its first offset to its end, by the archiver's own code. It cuts where the live archiver did (the seals in the
 * store say where), so that every object of it is compared with the log, and none is written twice. FatalError where one differs.
 */
export async function backfillTopic(options: BackfillOptions): Promise<Backfill> {
  const { log, codec, store, location } = options
  const counts = { created: 0, same: 0, records: 0 }
  const segments = createSegmentStore({ store, codec, location })
  const reader = await openTopic(log, options.topic)
  try {
    await Promise.all(
      reader.ranges.map(({ partition, first }) => backfillPartition(reader.read(partition, first), partition, segments, options, counts)),
    )
  } finally {
    await reader.close()
  }
  return { topic: location.topic, ...counts }
}

async function backfillPartition(
  records: AsyncIterable<LogRecord>,
  partition: number,
  segments: SegmentStore,
  { topic, clock, codec, store, location, limits, onWait }: BackfillOptions,
  counts: { created: number; same: number; records: number },
): Promise<void> {
  const archiver = createPartitionArchiver(partition, null, {
    store,
    segments,
    codec,
    clock,
    location,
    limits,
    idleMillis: Number.POSITIVE_INFINITY,
    rotationMillis: Number.POSITIVE_INFINITY,
    onObject({ manifest, created }) {
      counts[created ? 'created' : 'same']++
      counts.records += manifest.count
    },
  })
  const persevere = async (attempt: () => Promise<CommittedOffset | null>): Promise<void> => {
    for (;;) {
      try {
        await attempt()
        return
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onWait?.(error.message)
        await clock.sleep(pauseMillis)
      }
    }
  }
  const write = (batch: readonly LogRecord[]) =>
    persevere(() =>
      archiver.write({ topic, partition, records: batch, nextOffset: batch.at(-1)!.offset + 1, remaining: 0, isCurrent: () => true }),
    )
  let batch: LogRecord[] = []
  for await (const record of records) {
    batch.push(record)
    if (batch.length < batchRecords) continue
    await write(batch)
    batch = []
  }
  if (batch.length > 0) await write(batch)
  archiver.drain()
  await persevere(() => archiver.idle!())
}

/** So that another store is cut in the same places: the seals of an archive, as its manifests tell them. */
export async function copyCuts(archive: Archive, topic: ArchivedTopic, segments: Pick<SegmentStore, 'seal'>): Promise<void> {
  for (const { partition, begin, end } of await archive.manifests(topic)) await segments.seal(partition, { begin, end })
}
