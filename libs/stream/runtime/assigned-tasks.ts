import type { Clock } from '#lib/clock/clock.ts'
import { FencedError } from '#lib/errors/errors.ts'
import { retrying } from '#lib/stream/backoff.ts'
import type { TopicPartition } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { PartitionTask } from './partition-task.ts'
import type { RunnerConditions } from './runner-conditions.ts'

/** The tasks of the partitions that are ours. One that stays ours keeps its task, and with it its state, from assignment to assignment. */
export interface AssignedTasks {
  /** Closes the tasks of all but these. */
  keep(assigned: readonly TopicPartition[]): void
  /**
   * Takes over and begins to restore before the first record comes, so that it finds the state there. A batch that is faster helps itself.
   */
  begin(assigned: readonly TopicPartition[], epoch: number): void
  get(partition: number): PartitionTask | undefined
  /** Readiness: how many of them are as far as the group was. A standby tells of what it keeps warm instead. */
  tellRestored(): void
  close(): Promise<void>
}

export type AssignedTasksOptions = Readonly<{
  clock: Clock
  logger: Logger
  conditions: RunnerConditions
  create(partition: TopicPartition): PartitionTask
  isStandingBy(): boolean
  stopping: AbortSignal
  fail(error: unknown): void
}>

export function createAssignedTasks(options: AssignedTasksOptions): AssignedTasks {
  const { clock, logger, conditions, create, isStandingBy, stopping, fail } = options
  const tasks = new Map<number, Assigned>()

  function tellRestored(): void {
    if (!isStandingBy()) conditions.restored([...tasks.values()].map(({ task }) => task))
  }

  async function openAhead({ task, givenUp }: Assigned, epoch: number): Promise<void> {
    const attempt = async () => {
      await task.open(epoch)
      conditions.progress(null)
      tellRestored()
    }
    try {
      await retrying(attempt, { clock, signal: AbortSignal.any([stopping, givenUp.signal]), onProblem: conditions.progress })
    } catch (error) {
      if (!(error instanceof FencedError)) fail(error)
    }
  }

  return {
    keep(assigned) {
      for (const [partition, { task, givenUp }] of tasks) {
        if (assigned.some((kept) => kept.partition === partition)) continue
        tasks.delete(partition)
        givenUp.abort(new Error('given up'))
        task
          .close()
          .catch((error: Error) => logger.warn({ partition, problem: error.message }, 'closing a partition that is no longer ours'))
      }
    },
    begin(assigned, epoch) {
      for (const partition of assigned) {
        const ours = tasks.get(partition.partition) ?? { task: create(partition), givenUp: new AbortController() }
        tasks.set(partition.partition, ours)
        void openAhead(ours, epoch)
      }
    },
    get: (partition) => tasks.get(partition)?.task,
    tellRestored,
    async close() {
      await Promise.all([...tasks.values()].map(({ task }) => task.close()))
    },
  }
}

type Assigned = Readonly<{ task: PartitionTask; givenUp: AbortController }>
