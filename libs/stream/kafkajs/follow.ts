import type { Kafka } from 'kafkajs'
import { randomId } from '#lib/clock/clock.ts'
import type { Follower, FollowOptions, LogAdmin, LogRecord, TopicPartition } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import { createKafkajsConsumer } from './consumer.ts'

const keyOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/**
 * kafkajs reads only as a member of a group: a group with a name of its own, one member and no commits, deleted at the end.
 * A lost connection makes the member join anew, which begins at the beginning: it is sent back to where it was.
 */
export async function followWithKafkajs(
  kafka: Kafka,
  admin: LogAdmin,
  logger: Logger,
  options: FollowOptions & Readonly<{ topics: readonly string[]; clientId: string; sessionTimeoutMillis: number }>,
  onRecords: (records: readonly LogRecord[]) => void | Promise<void>,
): Promise<Follower> {
  const { topics, clientId, sessionTimeoutMillis, startAt } = options
  const isWanted = (partition: number) => partition === (options.partition ?? partition)
  const group = `${clientId}-follow-${randomId()}`
  const behind = new Map<string, number>()
  const positions = new Map<string, number>()
  for (const topic of topics) {
    for (const { partition, first, next } of await admin.offsets(topic)) {
      if (!isWanted(partition)) continue
      const start = startAt?.({ topic, partition, first, next }) ?? first
      if (startAt !== undefined) positions.set(keyOf({ topic, partition }), start)
      if (start < next) behind.set(keyOf({ topic, partition }), next)
    }
  }
  const caughtUp = Promise.withResolvers<void>()
  caughtUp.promise.catch(() => {})
  const settleCaughtUp = () => {
    if (behind.size === 0) caughtUp.resolve()
  }
  const consumer = createKafkajsConsumer(kafka, logger, { group, topics, from: 'earliest', sessionTimeoutMillis }, (tp, nextOffset) => {
    const key = keyOf(tp)
    positions.set(key, nextOffset)
    // Only the target counts (it is the end of what was settled, so it is always reached). That nothing is left to read says nothing: a
    // leader that has just been elected shows less than was committed, until its followers have asked it once.
    if (nextOffset >= (behind.get(key) ?? 0)) behind.delete(key)
    settleCaughtUp()
  })
  settleCaughtUp()
  consumer.finished.catch(caughtUp.reject)
  await consumer.start(
    ({ records }) => Promise.resolve(onRecords(records)),
    (partitions) => {
      for (const tp of partitions) {
        if (!isWanted(tp.partition)) consumer.pause(tp)
        const position = positions.get(keyOf(tp))
        if (position !== undefined) consumer.seek(tp, position)
      }
    },
  )

  return {
    caughtUp: caughtUp.promise,
    finished: consumer.finished,
    async stop() {
      await consumer.stop()
      caughtUp.reject(new Error('stopped before it had caught up'))
      // Left behind it would only expire by itself.
      await admin.deleteGroups([group]).catch((error: Error) => logger.debug({ group, problem: error.message }, 'group not deleted'))
    },
  }
}
