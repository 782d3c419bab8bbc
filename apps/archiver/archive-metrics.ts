import type { WrittenObject } from '#lib/archive/segment-store.ts'
import type { TopicPartition } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'

/** What the archiver tells of its objects. */
export function archiveMetrics(metrics: Metrics, logger: Logger) {
  const records = metrics.counter('archived_records_total', 'Records that are durable in the object store.')
  const objects = metrics.counter('archived_objects_total', 'Objects written, or found written by an earlier run.')
  const bytes = metrics.counter('archived_bytes_total', 'Bytes of those objects.')
  const lost = metrics.counter('archive_gap_offsets_total', 'Offsets that are in no object and gone from the log.')
  return {
    onObject({ manifest: { count, size, key }, created }: WrittenObject) {
      records(count)
      objects(1)
      bytes(size)
      if (created) logger.debug({ key, count, size }, 'archived')
      else
        logger.info(
          { key, count },
          'was archived already, with the same records: by this archiver before it ended, or by another on the same partition',
        )
    },
    onGap({ topic, partition, from, to }: TopicPartition & { from: number; to: number }) {
      lost(to - from)
      logger.error(
        { topic, partition, from, to },
        `offsets ${from} to ${to} of ${topic} were never archived and are gone from the log: the archive has a gap`,
      )
    },
  }
}
