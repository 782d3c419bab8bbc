import type { Clock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import type { FetchedBatch, TopicPartition } from '#lib/stream/log.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { RunnerMetrics } from './runner-metrics.ts'

/** The batches that are being worked off: told to metrics and health, with what became of them. */
export interface BatchesInHand {
  /** Does the work, and passes its error on. */
  during(batch: FetchedBatch, work: () => Promise<void>): Promise<void>
  /** When the oldest record of the partition's batch was appended, wall-clock milliseconds. Null: none is in hand. */
  since(partition: TopicPartition): number | null
}

export type BatchesInHandOptions = Readonly<{
  clock: Clock
  logger: Logger
  metrics: RunnerMetrics
  health: Health | undefined
  /** Null: whatever was wrong has passed. */
  onProblem(problem: Error | null): void
}>

export function createBatchesInHand({ clock, logger, metrics, health, onProblem }: BatchesInHandOptions): BatchesInHand {
  const inHand = new Map<number, number>()
  let busy = 0
  let failures = 0

  function onFailure(error: Error, { partition }: FetchedBatch): 'retried' | 'fenced' | 'failed' {
    if (error instanceof FencedError) {
      metrics.fenced('other')
      logger.warn({ partition, problem: error.message }, 'fenced: joining again')
      return 'fenced'
    }
    if (!(error instanceof RetryableError)) return 'failed'
    metrics.backoff(++failures)
    logger.warn({ partition, problem: error.message, failures }, 'waiting before another try')
    onProblem(error)
    return 'retried'
  }

  return {
    async during(batch, work) {
      const begun = clock.monotonic()
      health?.turned(++busy > 0)
      inHand.set(batch.partition, batch.records[0]?.timestamp ?? clock.now())
      const ended = (result: Parameters<RunnerMetrics['batch']>[0]) => metrics.batch(result, (clock.monotonic() - begun) / 1_000)
      try {
        await work()
        ended('committed')
        failures = 0
        onProblem(null)
      } catch (error) {
        ended(onFailure(error as Error, batch))
        throw error
      } finally {
        health?.turned(--busy > 0)
        inHand.delete(batch.partition)
      }
    },
    since: ({ partition }) => inHand.get(partition) ?? null,
  }
}
