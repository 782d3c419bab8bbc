import { systemClock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { CommittedOffset, Consumer, Follower, Log, LogAdmin } from '#lib/stream/log.ts'
import { type TopicIds, withTopicId } from '#lib/stream/topic-id.ts'
import { createKafkajsAdmin } from './admin.ts'
import { createKafka, type KafkajsClientOptions } from './client.ts'
import { createKafkajsConsumer } from './consumer.ts'
import { followWithKafkajs } from './follow.ts'
import { createKafkajsProducer, createKafkajsTransactionalProducer } from './producers.ts'

export type KafkajsLogOptions = KafkajsClientOptions &
  Readonly<{
    /** Milliseconds after which a silent consumer is expelled, where it does not say itself. Kafka: session.timeout.ms. Default 10,000. */
    sessionTimeoutMillis?: number
  }>

const reachableMillis = 9_000
const reachablePauseMillis = 500

/** The log on Kafka, through kafkajs 2.2.4. Everything that works around kafkajs is in this folder. */
export function createKafkajsLog(options: KafkajsLogOptions): Log {
  const { brokers, clientId, logger, sessionTimeoutMillis = 10_000 } = options
  const kafka = createKafka(options)
  /** What is open, to be closed with the log, newest first. */
  const open = new Set<() => Promise<void>>()

  const owned = <T extends object>(resource: T, close: () => Promise<void>): T => {
    open.add(close)
    return resource
  }
  const closing = <T extends { close(): Promise<void> }>(resource: T): T => {
    const { close } = resource
    const closeOnce = async () => {
      open.delete(closeOnce)
      await close()
    }
    return owned({ ...resource, close: closeOnce }, closeOnce)
  }

  const topicIds: TopicIds = new Map()
  const admin = () => closing(createKafkajsAdmin(kafka, topicIds))
  const marked = (topic: string, { offset, metadata }: CommittedOffset): CommittedOffset => ({
    offset,
    metadata: withTopicId(metadata, topicIds.get(topic)),
  })

  return {
    consumer(consumerOptions) {
      const consumer = createKafkajsConsumer(kafka, logger, { sessionTimeoutMillis, ...consumerOptions })
      const commit: Consumer['commit'] = (partition, position) => consumer.commit(partition, marked(partition.topic, position))
      return owned({ ...consumer, commit }, consumer.stop)
    },
    transactionalProducer(transactionalId) {
      const producer = createKafkajsTransactionalProducer(kafka, transactionalId)
      return closing({
        ...producer,
        commitTransaction({ position, ...transaction }) {
          if (position === undefined) return producer.commitTransaction(transaction)
          const committed = marked(position.partition.topic, position.committed)
          return producer.commitTransaction({ ...transaction, position: { ...position, committed } })
        },
      })
    },
    producer: () => closing(createKafkajsProducer(kafka)),
    admin,

    async follow(topics, onRecords, followOptions): Promise<Follower> {
      const followAdmin = admin()
      const reading = { topics, clientId, sessionTimeoutMillis, ...followOptions }
      const follower = await followWithKafkajs(kafka, followAdmin, logger, reading, onRecords)
      const stop = async () => {
        open.delete(stop)
        await follower.stop()
        await followAdmin.close()
      }
      return owned({ ...follower, stop }, stop)
    },

    checkReachable: () => checkReachable(admin(), brokers),

    async close() {
      for (const close of [...open].reverse()) await close().catch((error: Error) => logger.debug({ problem: error.message }, 'closing'))
      open.clear()
    },
  }
}

async function checkReachable(probe: LogAdmin, brokers: readonly string[]): Promise<void> {
  const deadline = systemClock.monotonic() + reachableMillis
  // The last attempt is cut short by the deadline: why the one before it failed says more.
  let reason = new Error('no answer')
  for (;;) {
    try {
      const cut = new AbortController()
      const late = systemClock.sleep(deadline - systemClock.monotonic(), cut.signal).then(() => {
        throw reason
      })
      await Promise.race([probe.listTopics(), late]).finally(() => cut.abort())
      return await probe.close()
    } catch (error) {
      if (error instanceof FatalError || systemClock.monotonic() + reachablePauseMillis >= deadline) {
        void probe.close()
        throw unreachable(brokers, error as Error)
      }
      reason = error as Error
      await systemClock.sleep(reachablePauseMillis)
    }
  }
}

const unreachable = (brokers: readonly string[], error: Error) =>
  new FatalError(
    `expected a Kafka broker at ${brokers.join(', ')}, found none within ${Math.ceil(reachableMillis / 1_000)} s (${error.message}). ` +
      `Is it running, is the address (KAFKA_BROKERS) right, as the broker itself advertises it, and does KAFKA_SECURITY_PROTOCOL suit it?`,
    { cause: error },
  )
