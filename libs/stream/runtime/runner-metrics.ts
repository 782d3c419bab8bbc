import type { Headers, OffsetRange, TopicPartition } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import { type Traces, traceHeader } from '#lib/telemetry/traces.ts'

/** What a runner tells about its work. Every call is cheap and must not throw. */
export interface RunnerMetrics {
  /** Records done. `detail` is the reason of a skip and the code of a rejection, else empty. `restored` = folded silently. */
  records(result: 'emitted' | 'skipped' | 'rejected' | 'restored', count: number, detail: string): void
  /** From a batch's delivery to its last commit, or to the error that ended it. */
  batch(result: 'committed' | 'retried' | 'fenced' | 'failed', seconds: number): void
  transaction(seconds: number): void
  /**
   * `records`: in the log and not yet processed; null while the log does not answer. `seconds`: how long the oldest of them has been
   * waiting, zero as soon as nothing is left: a quiet topic has no lag, however old its newest record is.
   */
  lag(partition: TopicPartition, lag: Readonly<{ records: number | null; seconds: number }>): void
  /** Sinks: how long the oldest record that was taken has been waiting to be durable and committed. */
  uncommitted(partition: TopicPartition, age: Readonly<{ seconds: number }>): void
  /** The partition is another member's now: nothing more is told of its lag. */
  givenUp(partition: TopicPartition): void
  restored(seconds: number, records: number): void
  /** Offsets that a state depends on, and the log no longer holds: it was restored without them. */
  restoreLacks(partition: TopicPartition, offsets: number): void
  /** How far the state kept warm for another member's partition is behind what the group has committed. Zero: there is none. */
  standby(partition: TopicPartition, lag: Readonly<{ records: number }>): void
  /** It is kept warm no more: it was taken over, or dropped. */
  stoodDown(partition: TopicPartition): void
  /** The partition was taken over, by this member (`own`: after an error of unknown outcome) or by another. */
  fenced(by: 'own' | 'other'): void
  backoff(attempt: number): void
  /** The log deleted this many offsets before they were read. */
  missing(partition: TopicPartition, offsets: number): void
  /** Input records whose transaction was committed at that wall-clock time. */
  committed(records: readonly CommittedRecord[], committedAtMillis: number): void
}

/** `timestamp`: when the record was appended to the log, wall-clock milliseconds. */
export type CommittedRecord = Readonly<{ offset: number; timestamp: number; headers: Headers; emitted: boolean }>

/** The header with the wall-clock milliseconds at which the collector held the API's answer: live listings only. */
export const collectedAtHeader = 'collected-at'

/** Milliseconds from the collector's hands to the commit, of each record that carries the header. */
export function* sinceCollected(records: readonly CommittedRecord[], committedAtMillis: number): Generator<number> {
  for (const { headers } of records) {
    const collectedAt = Number(headers[collectedAtHeader])
    if (Number.isFinite(collectedAt)) yield committedAtMillis - collectedAt
  }
}

/** Codes that every stage's runner may give; those of its processor are born when they first occur. */
const runnerCodes = ['no_value', 'undecodable', 'unencodable', 'unknown_schema_id', 'output_too_large']

export function createRunnerMetrics(metrics: Metrics): RunnerMetrics {
  const results = ['emitted', 'skipped', 'rejected', 'restored'].map((result) => ({ result, detail: '' }))
  const records = metrics.counter('records_total', 'Input records done, by result.', ['result', 'detail'], results)
  const ends = ['committed', 'retried', 'fenced', 'failed'].map((result) => ({ result }))
  const batches = metrics.counter('batches_total', 'Batches done, by result.', ['result'], ends)
  const batchSeconds = metrics.latency('batch', 'From a batch fetched to its last commit.')
  const transactionSeconds = metrics.latency('transaction', 'From the first send to the commit.')
  const refused = runnerCodes.map((code) => ({ code }))
  const deadLetters = metrics.counter('dead_letters_total', 'Records refused, by code.', ['code'], refused)
  const ofPartition = ['topic', 'partition'] as const
  const lagRecords = metrics.gauge('lag_records', 'Records in the log that are not processed yet.', ofPartition)
  const lagSeconds = metrics.gauge('lag_seconds', 'How long the oldest record that is not processed yet has waited.', ofPartition)
  const uncommitted = metrics.gauge('uncommitted_seconds', 'How long the oldest record taken has waited to be durable.', ofPartition)
  const restoreSeconds = metrics.gauge('restore_seconds', 'How long the last restore of state took.')
  const restoreLacks = metrics.gauge('restore_missing_offsets', 'Offsets of the horizon that the last restore did not find.', ofPartition)
  const standbyLag = metrics.gauge('standby_lag_records', 'Offsets between the group and what this standby has folded.', ofPartition)
  const takers = ['own', 'other'].map((by) => ({ by }))
  const fenced = metrics.counter(
    'fenced_total',
    'Partitions taken over: by itself after an unknown outcome, or by another.',
    ['by'],
    takers,
  )
  const backoffs = metrics.counter('backoffs_total', 'Waits because something outside was unwell.')
  const missing = metrics.counter('missing_offsets_total', 'Offsets that the log deleted before they were read.', ofPartition)
  const collectedToCommitted = metrics.latency('collected_to_committed', 'From the collector holding the answer to the commit here.')
  return {
    records(result, count, detail) {
      records(count, { result, detail })
      if (result === 'rejected') deadLetters(count, { code: detail })
    },
    batch(result, seconds) {
      batches(1, { result })
      batchSeconds.record(seconds * 1_000)
    },
    transaction: (seconds) => transactionSeconds.record(seconds * 1_000),
    lag(partition, { records: waiting, seconds }) {
      if (waiting !== null) lagRecords(waiting, labelsOf(partition))
      lagSeconds(seconds, labelsOf(partition))
    },
    uncommitted: (partition, { seconds }) => uncommitted(seconds, labelsOf(partition)),
    givenUp(partition) {
      for (const level of [lagRecords, lagSeconds, uncommitted]) level.forget(labelsOf(partition))
    },
    restored(seconds, count) {
      restoreSeconds(seconds)
      records(count, { result: 'restored', detail: '' })
    },
    restoreLacks: (partition, offsets) => restoreLacks(offsets, labelsOf(partition)),
    standby: (partition, { records: behind }) => standbyLag(behind, labelsOf(partition)),
    stoodDown: (partition) => standbyLag.forget(labelsOf(partition)),
    fenced: (by) => fenced(1, { by }),
    backoff: () => backoffs(),
    missing: (partition, offsets) => missing(offsets, labelsOf(partition)),
    committed(done, committedAtMillis) {
      for (const millis of sinceCollected(done, committedAtMillis)) collectedToCommitted.record(millis)
    },
  }
}

const labelsOf = ({ topic, partition }: TopicPartition) => ({ topic, partition: String(partition) })

/** The same, and a span for each record of a traced listing: from its place in the log to the commit of what was made of it. */
export function traced(metrics: RunnerMetrics, name: string, traces: Traces | undefined): RunnerMetrics {
  if (traces === undefined) return metrics
  return {
    ...metrics,
    committed(done, committedAtMillis) {
      metrics.committed(done, committedAtMillis)
      for (const { headers, timestamp } of done)
        traces.span({ name, parent: headers[traceHeader], startMillis: timestamp, endMillis: committedAtMillis })
    },
  }
}

/** Retention passed a reader: its records are lost to this group, and nobody else will say so. */
export function tellMissing(
  partition: TopicPartition,
  { from, to }: OffsetRange,
  { logger, metrics, group }: Readonly<{ logger: Logger; metrics: RunnerMetrics; group: string }>,
): void {
  metrics.missing(partition, to - from)
  logger.error(
    { ...partition, group, from, to },
    `offsets ${from} to ${to} of ${partition.topic} were deleted before this group read them: they are lost to it. ` +
      'Set the retention of the topic well beyond the longest time that a reader may be down',
  )
}

export const noRunnerMetrics: RunnerMetrics = {
  records() {},
  batch() {},
  transaction() {},
  lag() {},
  uncommitted() {},
  givenUp() {},
  restored() {},
  restoreLacks() {},
  standby() {},
  stoodDown() {},
  fenced() {},
  backoff() {},
  missing() {},
  committed() {},
}
