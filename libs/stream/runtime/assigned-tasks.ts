import type { Clock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
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
  of(partition: number): PartitionTask | undefined
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
  isStopping(): boolean
  fail(error: unknown): void
}>

export function createAssignedTasks(options: AssignedTasksOptions): AssignedTasks {
  const { clock, logger, conditions, create, isStandingBy, isStopping, fail } = options
  const tasks = new Map<number, PartitionTask>()

  function tellRestored(): void {
    if (!isStandingBy()) conditions.restored([...tasks.values()])
  }

  async function openAhead(task: PartitionTask, { partition }: TopicPartition, epoch: number): Promise<void> {
    for (let attempt = 1; !isStopping() && tasks.get(partition) === task; attempt++) {
      try {
        await task.open(epoch)
        conditions.progress(null)
        return tellRestored()
      } catch (error) {
        if (error instanceof FencedError) return
        if (!(error instanceof RetryableError)) return fail(error)
        conditions.progress(error)
        await clock.sleep(backoffMillis(attempt, clock))
      }
    }
  }

  return {
    keep(assigned) {
      for (const [partition, task] of tasks) {
        if (assigned.some((kept) => kept.partition === partition)) continue
        tasks.delete(partition)
        task
          .close()
          .catch((error: Error) => logger.warn({ partition, problem: error.message }, 'closing a partition that is no longer ours'))
      }
    },
    begin(assigned, epoch) {
      for (const partition of assigned) {
        const task = tasks.get(partition.partition) ?? create(partition)
        tasks.set(partition.partition, task)
        void openAhead(task, partition, epoch)
      }
    },
    of: (partition) => tasks.get(partition),
    tellRestored,
    async close() {
      await Promise.all([...tasks.values()].map((task) => task.close()))
    },
  }
}
