import type { ConsumerCrashEvent, Kafka, Consumer as KafkajsConsumer } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import type { CommittedOffset, Consumer, ConsumerOptions, TopicPartition } from '#lib/stream/log.ts'
import { clientRetry } from './client.ts'
import { maxHeartbeatMillis } from './delivery.ts'
import { streamError } from './kafkajs-errors.ts'
import { createMember, type MemberOptions } from './member.ts'
import { keyOf } from './membership.ts'

/**
 * The broker answers a fetch as soon as there is a byte for us, and otherwise after this long: it costs an idle consumer two requests a
 * second, and is how long a seek, a resume or a stop may wait for the fetch under way.
 */
const maxWaitMillis = 500
const rebalanceTimeoutMillis = 30_000
const partitionsSideBySide = 64
const closeMillis = 5_000

/** One kafkajs consumer, from connecting to its crash or its end: it is never restarted. */
export interface Life extends Pick<Consumer, 'seek' | 'pause' | 'resume' | 'lag'> {
  /** Resolves after `end`; rejects with what else ended it. */
  readonly over: Promise<void>
  end(): void
  /** FencedError when the partition is not ours. False: not committed, see `commitOnce`. */
  commit(partition: TopicPartition, position: CommittedOffset): Promise<boolean>
}

export type LifeOptions = Omit<MemberOptions, 'group' | 'fail'> &
  Readonly<{ kafka: Kafka; consumer: ConsumerOptions & Readonly<{ sessionTimeoutMillis: number }> }>

export function createLife(options: LifeOptions): Life {
  const { group, topics, from } = options.consumer
  const consumer = createClient(options)
  const ended = Promise.withResolvers<void>()
  ended.promise.catch(() => {})
  consumer.on(consumer.events.CRASH, ({ payload }: ConsumerCrashEvent) => ended.reject(payload.error))
  const member = createMember(consumer, { ...options, group, fail: ended.reject })

  async function begin(): Promise<void> {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' })
    // A stop does not wait for a broker that is away; but then this must not join any more.
    if (options.stopping.aborted) return
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: partitionsSideBySide,
      eachBatch: member.eachBatch,
    })
  }

  async function live(): Promise<void> {
    try {
      await Promise.race([begin().then(() => ended.promise), ended.promise])
    } finally {
      await member.end()
      await Promise.race([consumer.disconnect(), systemClock.sleep(closeMillis)]).catch(() => {})
    }
  }

  return {
    ...member,
    over: live(),
    end: ended.resolve,
    commit(partition, position) {
      member.assertOurs(partition)
      return commitOnce(consumer, partition, position)
    },
  }
}

const createClient = ({ kafka, consumer: { group, sessionTimeoutMillis, maxBytesPerPartition } }: LifeOptions): KafkajsConsumer =>
  kafka.consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMillis,
    heartbeatInterval: Math.min(maxHeartbeatMillis, sessionTimeoutMillis / 5),
    rebalanceTimeout: rebalanceTimeoutMillis,
    maxWaitTimeInMs: maxWaitMillis,
    minBytes: 1,
    maxBytesPerPartition: maxBytesPerPartition ?? 1_048_576,
    allowAutoTopicCreation: false,
    retry: { ...clientRetry, restartOnFailure: async () => false },
  })

/** kafkajs commits nothing, and says nothing, while its runner does not run: between joining and the first fetch, or after a crash. */
async function commitOnce(consumer: KafkajsConsumer, partition: TopicPartition, { offset, metadata }: CommittedOffset): Promise<boolean> {
  let committed = false
  const forget = consumer.on(consumer.events.COMMIT_OFFSETS, () => {
    committed = true
  })
  try {
    await consumer.commitOffsets([{ ...partition, offset: String(offset), metadata }])
    return committed
  } catch (error) {
    throw streamError(error, `committing offset ${offset} of ${keyOf(partition)}`)
  } finally {
    forget()
  }
}
