import type { Archive, ArchivedTopic } from '#lib/archive/archive.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { openTopic } from '#lib/stream/topic-reader.ts'

/** Where records to be replayed come from. Offsets are those of the log in which they were recorded, whichever it is. */
export interface ReplaySource {
  /** The partitions that hold a record. */
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
  const { ranges, read, close } = await openTopic(log, topic)
  return {
    partitions: ranges.map(({ partition }) => partition),
    count(partition, fromOffset) {
      const found = ranges.find((candidate) => candidate.partition === partition)
      return found === undefined ? 0 : Math.max(0, found.next - Math.max(fromOffset, found.first))
    },
    read,
    close,
  }
}
