import type { Manifest } from '#lib/archive/manifest.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'

/** What the archiver tells of its objects. */
export function archiveMetrics(metrics: Metrics, logger: Logger) {
  const records = metrics.counter('archived_records_total', 'Records that are durable in the object store.')
  const objects = metrics.counter('archived_objects_total', 'Objects written, or found written by an earlier run.')
  const bytes = metrics.counter('archived_bytes_total', 'Bytes of those objects.')
  const lost = metrics.counter('archive_gap_offsets_total', 'Offsets that are in no object and gone from the log.')
  return {
    onObject({ count, size, key }: Manifest) {
      records(count)
      objects(1)
      bytes(size)
      logger.debug({ key, count, size }, 'archived')
    },
    onGap({ partition, from, to }: { partition: number; from: number; to: number }) {
      lost(to - from)
      logger.error({ partition, from, to }, `offsets ${from} to ${to} were never archived and are gone from the log: the archive has a gap`)
    },
  }
}
