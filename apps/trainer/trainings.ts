import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import { topicName } from '#lib/market/topics.ts'
import { awaitedLater } from '#lib/stream/awaited-later.ts'
import type { Log } from '#lib/stream/log.ts'
import type { TrainingRun } from '#schemas/types.ts'

/**
 * Topic `trainings`, and who may train: of all trainers the one that has its only partition. What was begun, by whomever, is read from the
 * log, so that a trainer goes on where another one was killed.
 */
export interface Trainings {
  /** Whether this process has the partition. */
  isOurs(): boolean
  /** And has read it to its end. */
  isRead(): boolean
  /** The newest that was begun; null before the first. */
  newest(): TrainingRun | null
  /** Resolves when it is durable and has been read back; a log that is away is waited for. Rejects where the partition was lost. */
  write(run: TrainingRun): Promise<void>
  readonly finished: Promise<void>
  stop(): Promise<void>
}

export type TrainingsOptions = Readonly<{
  log: Pick<Log, 'consumer' | 'producer' | 'admin'>
  codec: Codec
  prefix: string
  clock: Clock
  sessionTimeoutMillis: number
  onUnreadable(): void
}>

const writeIdHeader = 'write-id'

export async function joinTrainings(options: TrainingsOptions): Promise<Trainings> {
  const { log, codec, prefix, clock, sessionTimeoutMillis, onUnreadable } = options
  const topic = topicName(prefix, 'trainings')
  const byId = new Map<string, TrainingRun>()
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  const producer = log.producer()
  const stopping = new AbortController()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {})
  let isOurs = false
  /** A topic in which nothing was ever written is not fetched from, and has no position: it is read all the same. */
  let isEmpty = false
  // It commits nothing: whoever takes over reads the whole table, which is small.
  const consumer = log.consumer({ group: `${prefix}trainer`, topics: [topic], from: 'earliest', sessionTimeoutMillis })

  async function lookWhetherEmpty(): Promise<void> {
    const admin = log.admin()
    try {
      const offsets = await untilAvailable(() => admin.offsets(topic), { clock, signal: stopping.signal })
      isEmpty = offsets.every(({ first, next }) => first === next)
    } catch (error) {
      if (!stopping.signal.aborted) throw error
    } finally {
      await admin.close()
    }
  }

  await consumer.start(
    async ({ records }) => {
      for (const { key, value, headers } of records) {
        const run = await decodeKnown(codec, 'TrainingRun', value, onUnreadable)
        if (key !== null) byId.delete(key)
        if (run !== null) byId.set(run.trainingId, run)
        waiting.get(headers[writeIdHeader] ?? '')?.resolve()
      }
    },
    (assigned) => {
      isOurs = assigned.length > 0
      isEmpty = false
      if (isOurs) lookWhetherEmpty().catch(failed.reject)
      for (const { reject } of waiting.values()) reject(new Error('another trainer has taken over'))
      waiting.clear()
    },
  )

  return {
    isOurs: () => isOurs,
    isRead: () => isOurs && consumer.lag().some(({ records, position }) => records === 0 && (position !== null || isEmpty)),
    newest: () => [...byId.values()].at(-1) ?? null,
    async write(run) {
      const writeId = clock.uniqueId()
      const back = Promise.withResolvers<void>()
      back.promise.catch(() => {})
      waiting.set(writeId, back)
      try {
        const value = codec.encode('TrainingRun', run)
        const record = { topic, key: run.trainingId, value, headers: { [writeIdHeader]: writeId } }
        await untilAvailable(() => producer.send([record]), { clock, signal: stopping.signal })
        await Promise.race([back.promise, consumer.finished])
      } finally {
        waiting.delete(writeId)
      }
    },
    finished: awaitedLater(Promise.race([consumer.finished, failed.promise])),
    async stop() {
      stopping.abort()
      await consumer.stop()
      await producer.close()
    },
  }
}
