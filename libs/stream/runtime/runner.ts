import type { Clock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { FetchedBatch, Log, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import type { Input, Output, Processor } from '#lib/stream/processor.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { createAtLeastOnceCommitter, createExactlyOnceCommitter } from './committer.ts'
import { refuseSilentReplay } from './first-start.ts'
import { createLagWatch, type LagWatch } from './lag-watch.ts'
import { createPartitionTask, type PartitionTask } from './partition-task.ts'
import { noRunnerMetrics, type RunnerMetrics } from './runner-metrics.ts'
import { createStandby, type Standby } from './standby.ts'
import type { WarmState } from './standby-state.ts'

export type ProcessingGuarantee = 'exactly_once' | 'at_least_once'

export type RunnerOptions<In, Out, State> = Readonly<{
  /** The app's name: in dead letters and log lines. */
  name: string
  log: Log
  clock: Clock
  logger: Logger
  /** The consumer group, with the run's prefix. Also the stem of the transactional ids: never share it between two apps. */
  group: string
  input: Readonly<{
    topic: string
    /** RejectedError: dead letter. RetryableError: the batch waits. A record without value never gets here: it is refused as `no_value`. */
    decode(bytes: Buffer, record: Omit<LogRecord, 'value'>): In | Promise<In>
  }>
  processor: Processor<In, Out, State>
  /** RejectedError: the input record of this output becomes a dead letter instead, with all its outputs. */
  encode(output: Output<Out>): Buffer
  /**
   * Real names of the topics that this group alone writes. A group without a position that finds records there refuses to begin: it would
   * make them again (first-start.ts). Default: those that its first transaction writes.
   */
  outputs?: readonly string[]
  /** The real name of the topic for records that were refused. */
  deadLetters: string
  guarantee: ProcessingGuarantee
  /**
   * Loads what these inputs name (a model, rules) before `process` sees them, also while restoring. RetryableError: the batch waits,
   * for ever, visibly. Called once per slice, in order.
   */
  prepare?: (inputs: readonly Input<In>[]) => void | Promise<void>
  metrics?: RunnerMetrics
  health?: Health
  /**
   * A warm standby, for a processor with memory. A member without partitions follows the log behind what the group commits and keeps
   * the state of every partition ready (standby.ts), so that it takes one over at once; a new one joins only when it has caught up.
   * `pollMillis`: how often it asks where the group stands. Default: none.
   */
  standby?: Readonly<{ pollMillis: number }>
  /** Where a group without a committed offset begins. Default earliest. */
  from?: 'earliest' | 'latest'
  /** The most input records of one transaction. Default 1,000. Larger ones amortise more and are lost more in a retry. */
  maxRecordsPerTransaction?: number
  /** An output larger than this is refused as `output_too_large`, a larger dead letter truncated. Default 1,000,000: any topic takes it. */
  maxRecordBytes?: number
}>

export interface Runner {
  /** Joins the group and resolves once it is a member; records flow from then on. A standby resolves at once, and joins when it is warm. */
  start(): Promise<void>
  /** Resolves after `stop`; rejects when it cannot go on (FatalError: exit 1). */
  readonly finished: Promise<void>
  /** Finishes and commits the slice in hand, leaves the group, closes in reverse order. Idempotent. */
  stop(): Promise<void>
}

/**
 * Runs a pure processor over a topic: for each input partition read → decode → prepare → process → one transaction with the outputs,
 * the dead letters and the input's offset → the next. Any process may die at any step; with `exactly_once` nothing is lost or sent twice.
 * The steps are in `partition-task.ts`, the order that makes them safe in `committer.ts`, state and its restore in `fold.ts`.
 */
export function createRunner<In, Out, State>(options: RunnerOptions<In, Out, State>): Runner {
  const { log, clock, logger, group, input, guarantee, metrics = noRunnerMetrics, health, from = 'earliest' } = options
  const admin = log.admin()
  const consumer = log.consumer({ group, topics: [input.topic], from })
  const conditions = runnerConditions(input.topic, health)
  const tasks = new Map<number, PartitionTask>()
  /** Handed over by the standby, and not taken yet. */
  const ready = new Map<number, WarmState<In, Out>>()
  let standby: Standby<In, Out> | null = null
  let standbyEnded: Promise<void> = Promise.resolve()
  let failures = 0
  let busy = 0
  let stopping: Promise<void> | null = null
  /** Batches in hand: when the oldest record of each was appended. */
  const inHand = new Map<number, number>()
  let lagWatch: LagWatch | null = null
  const failed = Promise.withResolvers<never>()
  const finished = Promise.race([consumer.finished, failed.promise])
  finished.catch(() => {})

  const createTask = (partition: TopicPartition): PartitionTask => {
    const committing = { log, admin, group, partition }
    return createPartitionTask({
      ...options,
      partition,
      takeWarm: () => takeWarm(partition),
      prepare: options.prepare,
      committer: guarantee === 'exactly_once' ? createExactlyOnceCommitter(committing) : createAtLeastOnceCommitter(committing, consumer),
      refuseSilentReplay: async (begun, outputs) => {
        // At least once, a death before the first commit leaves outputs without a position: making them again is what was promised.
        if (guarantee === 'exactly_once')
          await refuseSilentReplay({
            log,
            admin,
            clock,
            group,
            partition: begun,
            // Not what it answers into the very topic that it reads: what stands there is no sign that it was here before.
            outputs: new Set([...(options.outputs ?? []), ...outputs].filter((topic) => topic !== begun.topic)),
          })
      },
      consumer,
      admin,
      metrics,
      maxRecordsPerTransaction: options.maxRecordsPerTransaction ?? 1_000,
      maxRecordBytes: options.maxRecordBytes ?? 1_000_000,
      isStopping: () => stopping !== null,
    })
  }

  function onAssignment(assigned: readonly TopicPartition[], epoch: number): void {
    for (const [partition, task] of tasks) {
      if (assigned.some((kept) => kept.partition === partition)) continue
      tasks.delete(partition)
      task.close().catch((error: Error) => logger.warn({ partition, problem: error.message }, 'closing a partition that is no longer ours'))
    }
    if (assigned.length === 0) standBy()
    else releaseStandby(assigned)
    for (const partition of assigned) {
      const task = tasks.get(partition.partition) ?? createTask(partition)
      tasks.set(partition.partition, task)
      void openAhead(task, partition, epoch)
    }
    logger.info({ topic: input.topic, partitions: assigned.map(({ partition }) => partition), epoch }, 'assigned')
    conditions.assigned(assigned.length)
    lagWatch?.assigned(assigned)
    tellRestored()
  }

  function tellRestored(): void {
    if (standby === null) conditions.restored([...tasks.values()])
  }

  /** Without partitions: keeps the state of those that others have. */
  function standBy(): void {
    if (options.standby === undefined || standby !== null || stopping !== null) return
    ready.clear()
    const { pollMillis } = options.standby
    conditions.standingBy(0, 0)
    standby = createStandby({ ...options, admin, metrics, pollMillis, onProblem: conditions.progress, onWarmth: conditions.standingBy })
    standbyEnded = standby.finished
    standbyEnded.catch(failed.reject)
  }

  function releaseStandby(assigned: readonly TopicPartition[]): void {
    const states = standby?.release()
    standby = null
    for (const { partition } of assigned) {
      const state = states?.get(partition)
      if (state !== undefined) ready.set(partition, state)
    }
  }

  function takeWarm({ partition }: TopicPartition): WarmState<In, Out> | null {
    const state = ready.get(partition) ?? null
    ready.delete(partition)
    return state
  }

  /** Takes over and begins to restore before the first record comes, so that it finds the state there. A batch that is faster helps itself. */
  async function openAhead(task: PartitionTask, { partition }: TopicPartition, epoch: number): Promise<void> {
    for (let attempt = 1; stopping === null && tasks.get(partition) === task; attempt++) {
      try {
        await task.open(epoch)
        conditions.progress(null)
        return tellRestored()
      } catch (error) {
        if (error instanceof FencedError) return
        if (!(error instanceof RetryableError)) return failed.reject(error)
        conditions.progress(error)
        await clock.sleep(backoffMillis(attempt, clock))
      }
    }
  }

  async function handle(batch: FetchedBatch): Promise<void> {
    const task = tasks.get(batch.partition)
    if (task === undefined) throw new FencedError(`a batch of ${batch.topic}-${batch.partition}, which is not assigned to this member`)
    const begun = clock.monotonic()
    health?.turned(++busy > 0)
    inHand.set(batch.partition, batch.records[0]?.timestamp ?? clock.now())
    const ended = (result: Parameters<RunnerMetrics['batch']>[0]) => metrics.batch(result, (clock.monotonic() - begun) / 1_000)
    try {
      await task.handle(batch)
      ended('committed')
      failures = 0
      conditions.progress(null)
      tellRestored()
    } catch (error) {
      ended(onFailure(error as Error, batch))
      throw error
    } finally {
      health?.turned(--busy > 0)
      inHand.delete(batch.partition)
    }
  }

  function onFailure(error: Error, { partition }: FetchedBatch): 'retried' | 'fenced' | 'failed' {
    if (error instanceof FencedError) {
      metrics.fenced('other')
      logger.warn({ partition, problem: error.message }, 'fenced: joining again')
      return 'fenced'
    }
    if (!(error instanceof RetryableError)) return 'failed'
    metrics.backoff(++failures)
    logger.warn({ partition, problem: error.message, failures }, 'waiting before another try')
    conditions.progress(error)
    return 'retried'
  }

  async function join(): Promise<void> {
    if (stopping === null) await consumer.start(handle, onAssignment)
  }

  return {
    finished,
    async start() {
      const inHandSince = ({ partition }: TopicPartition) => inHand.get(partition) ?? null
      lagWatch = createLagWatch({ admin, consumer, group, from, clock, metrics, inHandSince })
      standBy()
      if (standby === null) return join()
      void standby.warm.then(join).catch(failed.reject)
    },
    stop() {
      stopping ??= (async () => {
        releaseStandby([])
        await consumer.stop()
        await lagWatch?.stop()
        await standbyEnded.catch(() => {})
        await Promise.all([...tasks.values()].map((task) => task.close()))
        await admin.close()
      })()
      return stopping
    },
  }
}

/** Readiness of one runner, by input topic: a member of its group, its state restored, its work going on. */
function runnerConditions(topic: string, health: Health | undefined) {
  const names = { assigned: `assigned ${topic}`, restored: `restored ${topic}`, progress: `progress ${topic}` }
  for (const name of Object.values(names)) health?.expect(name)
  health?.set(names.progress, true)
  return {
    // A member without partitions is ready: it stands by for those who have some.
    assigned: (partitions: number) => health?.set(names.assigned, true, `${partitions} partitions`),
    restored(tasks: readonly PartitionTask[]) {
      const restored = tasks.filter((task) => task.isRestored()).length
      health?.set(names.restored, restored === tasks.length, `${restored} of ${tasks.length} partitions`)
    },
    /** Its own state is the one that it keeps warm. */
    standingBy(warm: number, partitions: number) {
      health?.set(names.restored, partitions > 0 && warm === partitions, `standing by: ${warm} of ${partitions} partitions`)
    },
    progress: (error: Error | null) => health?.set(names.progress, error === null, error?.message ?? 'ok'),
  }
}
