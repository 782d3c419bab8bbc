import type { Clock } from '#lib/clock/clock.ts'
import { FencedError } from '#lib/errors/errors.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import type { CommittedOffset, Consumer, FetchedBatch, Log, LogAdmin, TopicPartition } from '#lib/stream/log.ts'
import { createLagWatch, type LagWatch } from '#lib/stream/runtime/lag-watch.ts'
import { noRunnerMetrics, type RunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { createShare, type Share, type ShareOptions } from './share.ts'

/** What an app with effects outside the log (archiver, notifier) does with one partition, for as long as it is assigned. */
export interface PartitionSink {
  /**
   * Takes a batch. Returns the position up to which everything is durable by now (it is committed then), or null while nothing new is.
   * Called one batch after the other. RetryableError: the same batch again after a back-off. While it works, further batches of this
   * partition are held back (the partition is paused beyond a few), others go on.
   */
  write(
    batch: Pick<FetchedBatch, 'topic' | 'partition' | 'records' | 'nextOffset' | 'remaining' | 'isCurrent'> &
      Partial<Pick<FetchedBatch, 'missing'>>,
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
  /** The app's name: records redriven for another one are passed over. Without it all are written, as an archive must. */
  name?: string
  /** Called when a partition is assigned, with the position it goes on from (null: from the beginning). */
  open(partition: TopicPartition, committed: CommittedOffset | null): PartitionSink | Promise<PartitionSink>
  metrics?: RunnerMetrics
  health?: Health
  from?: 'earliest' | 'latest'
  /** How often `idle` is called on a quiet partition. Default 1,000 ms. */
  idleMillis?: number
  /** The most bytes per partition and fetch. */
  maxBytesPerPartition?: number
}>

export interface SinkRunner {
  start(): Promise<void>
  readonly finished: Promise<void>
  stop(): Promise<void>
}

const defaultIdleMillis = 1_000

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/**
 * At least once: the position is committed only after the side effect. Taking batches and writing them are apart: while a slow sink
 * writes, the member goes on being one, and other partitions flow. What is in hand of a partition is in `share.ts`, its states in
 * `share-state.ts`.
 */
export function createSinkRunner(options: SinkRunnerOptions): SinkRunner {
  const { log, clock, logger, group, topics, health, from = 'earliest', idleMillis = defaultIdleMillis, maxBytesPerPartition } = options
  const admin = log.admin()
  const consumer = log.consumer({ group, topics, from, ...(maxBytesPerPartition !== undefined && { maxBytesPerPartition }) })
  const failed = Promise.withResolvers<never>()
  const finished = Promise.race([consumer.finished, failed.promise])
  finished.catch(() => {})
  const stopping = new AbortController()
  const shares = new Map<string, Share>()
  const assignedCondition = `assigned ${topics.join(', ')}`
  health?.expect(assignedCondition)
  const { signal } = stopping
  const common = { ...options, from, metrics: options.metrics ?? noRunnerMetrics, admin, consumer, stopping: signal, fail: failed.reject }
  const persevere = createPersevere(common)
  let endIdleCheck = () => {}
  let lagWatch: LagWatch | null = null
  let stopped: Promise<void> | null = null

  function onAssignment(assigned: readonly TopicPartition[], epoch: number): void {
    for (const share of shares.values()) void share.close()
    shares.clear()
    for (const partition of assigned) shares.set(keyOf(partition), createShare({ ...common, persevere, partition }))
    lagWatch?.assigned(assigned)
    logger.info({ group, partitions: assigned.map(keyOf), epoch }, 'assigned')
    health?.set(assignedCondition, true, `${assigned.length} partitions`)
  }

  async function take(batch: FetchedBatch): Promise<void> {
    const share = shares.get(keyOf(batch))
    if (share === undefined) throw new FencedError(`a batch of ${keyOf(batch)}, which is not assigned to this member`)
    await share.take(batch)
  }

  async function end(): Promise<void> {
    endIdleCheck()
    stopping.abort(new Error('stopping'))
    // The batch in each sink's hands is finished and committed while this is still a member.
    await Promise.all([...shares.values()].map((share) => share.settled()))
    await consumer.stop()
    await lagWatch?.stop()
    await Promise.all([...shares.values()].map((share) => share.close()))
    await admin.close()
  }

  return {
    finished,
    async start() {
      lagWatch = watchLag(common, (partition) => shares.get(keyOf(partition)))
      await consumer.start(take, onAssignment)
      endIdleCheck = clock.interval(idleMillis, () => {
        for (const share of shares.values()) share.lookAtIdle()
      })
    },
    stop() {
      stopped ??= end()
      return stopped
    },
  }
}

type Common = SinkRunnerOptions &
  Readonly<{ from: 'earliest' | 'latest'; metrics: RunnerMetrics; admin: LogAdmin; consumer: Consumer; stopping: AbortSignal }>

/** Done is what a sink has taken in; whether that is durable is another question, with an answer of its own. */
const watchLag = (
  { admin, consumer, group, from, clock, metrics }: Common,
  find: (partition: TopicPartition) => Share | undefined,
): LagWatch =>
  createLagWatch({
    admin,
    consumer,
    group,
    from,
    clock,
    metrics,
    isDone: (partition) => find(partition)?.isDone() ?? false,
    inHandSince: (partition) => find(partition)?.inHandSince() ?? null,
    uncommittedSince: (partition) => find(partition)?.uncommittedSince() ?? null,
  })

function createPersevere({ clock, logger, group, topics, metrics, health, stopping }: Common): ShareOptions['persevere'] {
  const progress = `progress ${topics.join(', ')}`
  return async (attempt) => {
    let failures = 0
    const onWait = (problem: string, attempts: number) => {
      failures = attempts
      metrics.backoff(failures)
      health?.set(progress, false, problem)
      health?.turned(false)
      logger.warn({ group, problem, failures }, 'waiting before another try')
    }
    const result = await untilAvailable(attempt, { clock, onWait, signal: stopping })
    if (failures > 0) health?.set(progress, true)
    return result
  }
}
