import type { Clock } from '#lib/clock/clock.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { FatalError } from './errors.ts'
import type { CommittedOffset, FetchedBatch, Log, TopicPartition } from './log.ts'
import type { RunnerMetrics } from './runner-metrics.ts'

/** What an app with effects outside the log (archiver, notifier) does with one partition, for as long as it is assigned. */
export interface PartitionSink {
  /**
   * Takes a batch. Returns the position up to which everything is durable by now (it is committed then), or null while nothing new is.
   * Called one batch after the other. RetryableError: the same batch again after a back-off. While it works, further batches of this
   * partition are held back (the partition is paused beyond a few), others go on.
   */
  write(
    batch: Pick<FetchedBatch, 'topic' | 'partition' | 'records' | 'nextOffset' | 'remaining' | 'isCurrent'>,
  ): Promise<CommittedOffset | null>
  /** When no batch came for a while: a chance to finish what time alone finishes. */
  idle?(): Promise<CommittedOffset | null>
  /** The partition is no longer ours, or the app stops. What is not committed will be delivered again, perhaps elsewhere. */
  close?(): Promise<void>
}

export type SinkRunnerOptions = Readonly<{
  log: Log
  clock: Clock
  logger: Logger
  group: string
  topics: readonly string[]
  /** Called when a partition is assigned, with the position it goes on from (null: from the beginning). */
  open(partition: TopicPartition, committed: CommittedOffset | null): PartitionSink | Promise<PartitionSink>
  metrics?: RunnerMetrics
  health?: Health
  from?: 'earliest' | 'latest'
  /** How often `idle` is called on a quiet partition. Default 1,000 ms. */
  idleMillis?: number
}>

export interface SinkRunner {
  start(): Promise<void>
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** At least once: the position is committed only after the side effect. */
export function createSinkRunner(_options: SinkRunnerOptions): SinkRunner {
  throw new FatalError('not built yet: its types are settled, its body follows')
}
