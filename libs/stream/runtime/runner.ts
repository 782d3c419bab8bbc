import type { Clock } from '#lib/clock/clock.ts'
import { FencedError } from '#lib/errors/errors.ts'
import type { FetchedBatch, Log, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import type { Input, Output, Processor } from '#lib/stream/processor.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { createAssignedTasks } from './assigned-tasks.ts'
import { createBatchesInHand } from './batches-in-hand.ts'
import { createAtLeastOnceCommitter, createExactlyOnceCommitter } from './committer.ts'
import { refuseSilentReplay } from './first-start.ts'
import { createHandOver, type HandOver } from './hand-over.ts'
import { createLagWatch, type LagWatch } from './lag-watch.ts'
import { createPartitionTask, type PartitionTaskOptions } from './partition-task.ts'
import { runnerConditions } from './runner-conditions.ts'
import { noRunnerMetrics, type RunnerMetrics } from './runner-metrics.ts'

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
  const { log, clock, logger, group, input, metrics = noRunnerMetrics, health, from = 'earliest' } = options
  const admin = log.admin()
  const consumer = log.consumer({ group, topics: [input.topic], from })
  const conditions = runnerConditions(input.topic, health)
  const failed = Promise.withResolvers<never>()
  const finished = Promise.race([consumer.finished, failed.promise])
  finished.catch(() => {})
  const fail = failed.reject
  let lagWatch: LagWatch | null = null
  const stopping = new AbortController()
  let stopped: Promise<void> | null = null
  const handOver = createHandOver({ ...options, admin, metrics, conditions, fail })
  const batches = createBatchesInHand({ clock, logger, metrics, health, onProblem: conditions.progress })
  const common = { admin, consumer, metrics, take: handOver.take, isStopping: () => stopping.signal.aborted }
  const create = (partition: TopicPartition) => createPartitionTask(taskOptions(partition, options, common))
  const { isStandingBy } = handOver
  const tasks = createAssignedTasks({ clock, logger, conditions, create, isStandingBy, stopping: stopping.signal, fail })

  function onAssignment(assigned: readonly TopicPartition[], epoch: number): void {
    tasks.keep(assigned)
    if (assigned.length === 0) handOver.standBy()
    else handOver.release(assigned)
    tasks.begin(assigned, epoch)
    logger.info({ topic: input.topic, partitions: assigned.map(({ partition }) => partition), epoch }, 'assigned')
    conditions.assigned(assigned.length)
    lagWatch?.assigned(assigned)
    tasks.tellRestored()
  }

  async function handle(batch: FetchedBatch): Promise<void> {
    const task = tasks.get(batch.partition)
    if (task === undefined) throw new FencedError(`a batch of ${batch.topic}-${batch.partition}, which is not assigned to this member`)
    await batches.during(batch, () => task.handle(batch))
    tasks.tellRestored()
  }

  async function join(): Promise<void> {
    if (!stopping.signal.aborted) await consumer.start(handle, onAssignment)
  }

  async function end(): Promise<void> {
    stopping.abort(new Error('stopping'))
    const standbyEnded = handOver.end()
    await consumer.stop()
    await lagWatch?.stop()
    await standbyEnded
    await tasks.close()
    await admin.close()
  }

  return {
    finished,
    async start() {
      lagWatch = createLagWatch({ admin, consumer, group, from, clock, metrics, inHandSince: batches.since })
      const warm = handOver.standBy()
      if (warm === null) return join()
      void warm.then(join).catch(fail)
    },
    stop() {
      stopped ??= end()
      return stopped
    },
  }
}

type Common<In, Out, State> = Pick<PartitionTaskOptions<In, Out, State>, 'admin' | 'consumer' | 'metrics' | 'isStopping'> &
  Pick<HandOver<In, Out>, 'take'>

function taskOptions<In, Out, State>(
  partition: TopicPartition,
  options: RunnerOptions<In, Out, State>,
  { take, ...common }: Common<In, Out, State>,
): PartitionTaskOptions<In, Out, State> {
  const { admin, consumer } = common
  const { log, clock, group, guarantee } = options
  const committing = { log, admin, group, partition }
  const exactlyOnce = guarantee === 'exactly_once'
  return {
    ...options,
    ...common,
    partition,
    takeWarm: () => take(partition),
    prepare: options.prepare,
    committer: exactlyOnce ? createExactlyOnceCommitter(committing) : createAtLeastOnceCommitter(committing, consumer),
    refuseSilentReplay: async (begun, outputs) => {
      // At least once, a death before the first commit leaves outputs without a position: making them again is what was promised.
      if (!exactlyOnce) return
      // Not what it answers into the very topic that it reads: what stands there is no sign that it was here before.
      const own = [...(options.outputs ?? []), ...outputs].filter((topic) => topic !== begun.topic)
      await refuseSilentReplay({ log, admin, clock, group, partition: begun, outputs: new Set(own) })
    },
    maxRecordsPerTransaction: options.maxRecordsPerTransaction ?? 1_000,
    maxRecordBytes: options.maxRecordBytes ?? 1_000_000,
  }
}
