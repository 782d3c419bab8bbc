import type { Kafka } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { FencedError, RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { BatchHandler, Consumer, ConsumerOptions, TopicPartition } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { ReadProgress } from './delivery.ts'
import { streamError } from './kafkajs-errors.ts'
import { createLife, type Life } from './life.ts'
import { keyOf } from './membership.ts'

const commitAttempts = 50
const commitPauseMillis = 20
/** Short: kafkajs has tried for some seconds itself by then. */
const lifeBackoff = { firstMillis: 100, maxMillis: 3_000 }

type Assigned = (partitions: readonly TopicPartition[], epoch: number) => void

/**
 * A member of a consumer group on kafkajs. What kafkajs leaves open is settled here:
 *   - `run()` resolves before a crash, and after one kafkajs restarts itself or not by rules of its own (#1046 and kin). Here it never
 *     does: a crash ends a life (life.ts), and the next begins with a new kafkajs consumer after a back-off, or `finished` rejects.
 *   - There is no callback before partitions are taken away (#1046). Each GROUP_JOIN begins a new epoch (membership.ts); what was begun in
 *     an older one is no longer current. kafkajs itself joins again only after all batches in hand are done.
 *   - A handler's error would make kafkajs retry by its own count and log. It never sees one: a batch is tried again in delivery.ts, with
 *     heartbeats in between, and a fenced member is made to join again by the one error that kafkajs takes for a rebalance.
 */
export function createKafkajsConsumer(
  kafka: Kafka,
  logger: Logger,
  options: ConsumerOptions & { sessionTimeoutMillis: number },
  onProgress: ReadProgress = () => {},
): Consumer {
  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => {})
  const stopping = new AbortController()
  let epoch = 0
  let life: Life | null = null
  let living: Promise<void> | null = null

  async function live(handler: BatchHandler, onAssignment: Assigned): Promise<void> {
    const common = { kafka, consumer: options, handler, onProgress, stopping: stopping.signal, nextEpoch: () => ++epoch }
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        life = createLife({
          ...common,
          onAssignment(partitions, newEpoch) {
            failures = 0
            onAssignment(partitions, newEpoch)
          },
        })
        await life.over
      } catch (error) {
        await recover(error, ++failures, options, { logger, stopping: stopping.signal })
      }
    }
  }

  const lifeOf = (partition: TopicPartition): Life => {
    if (life === null) throw new FencedError(`${keyOf(partition)} is not assigned to this member`)
    return life
  }

  return {
    finished: finished.promise,

    start(handler, onAssignment = () => {}) {
      const joined = Promise.withResolvers<void>()
      living = live(handler, (partitions, newEpoch) => {
        onAssignment(partitions, newEpoch)
        joined.resolve()
      })
      living.then(finished.resolve, finished.reject)
      living.then(joined.resolve, joined.reject)
      return joined.promise
    },

    seek: (partition, offset) => lifeOf(partition).seek(partition, offset),
    pause: (partition) => lifeOf(partition).pause(partition),
    resume: (partition) => lifeOf(partition).resume(partition),
    lag: () => life?.lag() ?? [],

    async commit(partition, position) {
      if (await eventually(() => lifeOf(partition).commit(partition, position))) return
      throw new FencedError(`offset ${position.offset} of ${keyOf(partition)} not committed: the consumer is not running`)
    },

    async stop() {
      stopping.abort(new Error('stopping'))
      life?.end()
      await living?.catch(() => {})
      finished.resolve()
    },
  }
}

/** Whether it came true within a second: kafkajs's runner may be about to run. */
async function eventually(attempt: () => Promise<boolean>): Promise<boolean> {
  for (let attempts = 1; ; attempts++) {
    if (await attempt()) return true
    if (attempts === commitAttempts) return false
    await systemClock.sleep(commitPauseMillis)
  }
}

/** Waits before another life. Throws what no other life would do better. */
async function recover(
  error: unknown,
  failures: number,
  { group, topics }: ConsumerOptions,
  { logger, stopping }: Readonly<{ logger: Logger; stopping: AbortSignal }>,
): Promise<void> {
  const rights = { TOPIC: `Read on topic ${topics.join(', ')}`, GROUP: `Read on group ${group}` }
  const reaction = streamError(error, `consumer group ${group}`, rights)
  if (!(reaction instanceof RetryableError || reaction instanceof FencedError)) throw reaction
  logger.warn({ group, problem: reaction.message, failures }, 'consumer lost its broker or its group: beginning anew')
  await systemClock.sleep(backoffMillis(failures, systemClock, lifeBackoff), stopping).catch(() => {})
}
