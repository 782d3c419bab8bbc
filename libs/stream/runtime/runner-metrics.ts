import type { Headers, TopicPartition } from '#lib/stream/log.ts'
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
   * `records`: visible and not yet processed. `seconds`: how long the newest processed record had been lying in the log when it was
   * committed, zero as soon as nothing is left: a quiet topic has no lag, however old its newest record is.
   */
  lag(partition: TopicPartition, lag: Readonly<{ records: number; seconds: number }>): void
  restored(seconds: number, records: number): void
  /** How far the state kept warm for another member's partition is behind what the group has committed. Zero: there is none. */
  standby(partition: TopicPartition, lag: Readonly<{ records: number }>): void
  /** The partition was taken over, by this member (`own`: after an error of unknown outcome) or by another. */
  fenced(by: 'own' | 'other'): void
  backoff(attempt: number): void
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

export function createRunnerMetrics(metrics: Metrics): RunnerMetrics {
  const records = metrics.counter('records_total', 'Input records done, by result.', ['result', 'detail'])
  const batches = metrics.counter('batches_total', 'Batches done, by result.', ['result'])
  const batchSeconds = metrics.latency('batch', 'From a batch fetched to its last commit.')
  const transactionSeconds = metrics.latency('transaction', 'From the first send to the commit.')
  const deadLetters = metrics.counter('dead_letters_total', 'Records refused, by code.', ['code'])
  const lagRecords = metrics.gauge('lag_records', 'Visible records not yet processed.', ['topic', 'partition'])
  const lagSeconds = metrics.gauge('lag_seconds', 'Age in the log of the newest processed record at its commit; 0 when none is left.', [
    'topic',
    'partition',
  ])
  const restoreSeconds = metrics.gauge('restore_seconds', 'How long the last restore of state took.')
  const standbyLag = metrics.gauge('standby_lag_records', 'Offsets between what the group committed and what this standby has folded.', [
    'topic',
    'partition',
  ])
  const fenced = metrics.counter('fenced_total', 'Partitions taken over: by itself after an unknown outcome, or by another.', ['by'])
  const backoffs = metrics.counter('backoffs_total', 'Waits because something outside was unwell.')
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
    lag({ topic, partition }, lag) {
      const labels = { topic, partition: String(partition) }
      lagRecords(lag.records, labels)
      lagSeconds(lag.seconds, labels)
    },
    restored(seconds, count) {
      restoreSeconds(seconds)
      records(count, { result: 'restored', detail: '' })
    },
    standby: ({ topic, partition }, { records: behind }) => standbyLag(behind, { topic, partition: String(partition) }),
    fenced: (by) => fenced(1, { by }),
    backoff: () => backoffs(),
    committed(done, committedAtMillis) {
      for (const millis of sinceCollected(done, committedAtMillis)) collectedToCommitted.record(millis)
    },
  }
}

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

export const noRunnerMetrics: RunnerMetrics = {
  records() {},
  batch() {},
  transaction() {},
  lag() {},
  restored() {},
  standby() {},
  fenced() {},
  backoff() {},
  committed() {},
}
