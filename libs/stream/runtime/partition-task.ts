import type { Clock } from '#lib/clock/clock.ts'
import type { Consumer, FetchedBatch, LogAdmin, TopicPartition } from '#lib/stream/log.ts'
import type { Input, Processor } from '#lib/stream/processor.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { workOff } from './batch-work.ts'
import type { Committer } from './committer.ts'
import type { RunnerMetrics } from './runner-metrics.ts'
import type { SliceOptions } from './slice.ts'
import type { WarmState } from './standby-state.ts'
import { takeOver } from './take-over.ts'
import { next, type Pending, type TaskEvent, type TaskState } from './task-state.ts'
import { createTenure } from './tenure.ts'

export type PartitionTaskOptions<In, Out, State> = SliceOptions<In, Out> &
  Readonly<{
    partition: TopicPartition
    group: string
    processor: Processor<In, Out, State>
    prepare: ((inputs: readonly Input<In>[]) => void | Promise<void>) | undefined
    committer: Committer
    /** FatalError where a group that stands nowhere has written these topics before. */
    refuseSilentReplay(partition: TopicPartition, outputs: ReadonlySet<string>): Promise<void>
    /** Hands over what a standby has made ready, once. */
    takeWarm(): WarmState<In, Out> | null
    consumer: Consumer
    admin: LogAdmin
    clock: Clock
    logger: Logger
    metrics: RunnerMetrics
    maxRecordsPerTransaction: number
    isStopping(): boolean
  }>

/** One input partition's work: its state, its position, and what it has folded but not committed yet. */
export interface PartitionTask {
  /** Takes the partition over under a new assignment. Keeps the state where the committed offset proves it right. */
  open(epoch: number): Promise<void>
  handle(batch: FetchedBatch): Promise<void>
  isRestored(): boolean
  close(): Promise<void>
}

/** What take-over and work have in common: the state, and the right to go on from it. */
export type TaskCore<In, Out> = Readonly<{
  state(): TaskState<In, Out>
  move(event: TaskEvent<In, Out>): void
  /** It is committed. A take-over may know before the answer to the commit comes. */
  settle(pending: Pending): void
  /** Whoever comes next takes over again, and finds out what became of what is held. */
  loseTenure(): void
  /** The same, and the state is void. */
  discard(): void
}>

export function createPartitionTask<In, Out, State>(options: PartitionTaskOptions<In, Out, State>): PartitionTask {
  const { committer, clock, metrics } = options
  let state: TaskState<In, Out> = { type: 'nowhere' }
  const task: TaskCore<In, Out> = {
    state: () => state,
    move(event) {
      state = next(state, event)
    },
    settle(pending) {
      if (state.type !== 'holding' || state.pending !== pending) return
      task.move({ type: 'settled', pending })
      for (const { result, detail, count } of pending.slice.tally) metrics.records(result, count, detail)
      metrics.committed(pending.slice.done, clock.now())
    },
    loseTenure: () => tenure.end(),
    discard() {
      task.move({ type: 'discarded' })
      tenure.end()
    },
  }
  const tenure = createTenure(() => takeOver(task, options))

  return {
    open: tenure.open,
    async handle(batch) {
      // A member that was frozen learns here that it lost the partition, before it would fence the one who has it now.
      await batch.heartbeat()
      if (!batch.isCurrent()) return
      await tenure.open(batch.epoch)
      if (batch.isCurrent()) await workOff({ task, batch, options })
    },
    isRestored: () => tenure.isOpen() && (state.type === 'nowhere' || state.restore === null),
    async close() {
      tenure.end()
      await committer.close()
    },
  }
}
