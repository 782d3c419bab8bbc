import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { CommittedOffset, LogAdmin, TopicDescription, TopicPartition, TopicSettings } from '#lib/stream/log.ts'
import { type TopicIds, withoutTopicId } from '#lib/stream/topic-id.ts'
import { type Rights, streamError } from './kafkajs-errors.ts'
import { readTopicId } from './topic-id-patch.ts'

const closeMillis = 3_000
const leaderMillis = 15_000
const groupDeleteAttempts = 20
const pauseMillis = 100

const askAttempts = 10
/** As the protocol has it. */
const brokersDefault = -1

const describeTopic = (topic: string): Rights => ({ TOPIC: `Describe (as Read or Write give it) on topic ${topic}` })
const isLeadership = ({ cause }: Error) => /LEADER/.test(typeOf(cause) ?? typeOf((cause as Error).cause) ?? '')
const typeOf = (error: unknown) => (error as { type?: string } | undefined)?.type

const givenUp = (doing: string, error: Error) =>
  new RetryableError(`${doing}: the connection was given up (${error.message})`, { cause: error })

/**
 * kafkajs trips over what it did not expect to meet: a topic that a broker which has just started names before it knows its partitions,
 * metadata taken away by a question that failed. That passes, as the state does.
 */
const unexpected = (doing: string, error: TypeError) =>
  new RetryableError(`${doing}: the brokers' answer was not whole (${error.message})`, { cause: error })

const reactionTo = (error: unknown, doing: string, rights: Rights): Error =>
  error instanceof TypeError ? unexpected(doing, error) : streamError(error, doing, rights)

/** `topicIds`: shared with those who commit. */
export function createKafkajsAdmin(kafka: Kafka, topicIds: TopicIds = new Map()): LogAdmin {
  const { ask, close } = createAsking(kafka)
  return {
    createTopics: (settings) =>
      ask('creating topics', (admin) => createMissing(admin, settings), {
        TOPIC: `Create on topics ${settings.map(({ topic }) => topic).join(', ')}`,
      }),
    deleteTopics: (topics) =>
      ask('deleting topics', (admin) => deleteExisting(admin, topics), { TOPIC: `Delete on topics ${topics.join(', ')}` }),
    listTopics: () => ask('listing topics', (admin) => admin.listTopics()),
    describeTopics: (topics) =>
      ask('describing topics', (admin) => describeExisting(admin, topics), {
        TOPIC: `Describe and DescribeConfigs on topics ${topics.join(', ')}`,
      }),
    partitionCount: (topic) => ask(`looking up topic ${topic}`, (admin) => countPartitions(admin, topic), describeTopic(topic)),
    offsets: (topic) => ask(`reading offsets of ${topic}`, (admin) => readOffsets(admin, topic), describeTopic(topic)),
    committed: (group, partition) =>
      ask(`reading offsets of group ${group}`, (admin) => committedOf(admin, group, partition), {
        ...describeTopic(partition.topic),
        GROUP: `Read on group ${group}`,
      }),
    madeAnew: (group, partition) =>
      ask(`looking up topic ${partition.topic}`, (admin) => wasMadeAnew(admin, group, partition, topicIds), {
        ...describeTopic(partition.topic),
        GROUP: `Read on group ${group}`,
      }),
    listGroups: () => ask('listing groups', async (admin) => (await admin.listGroups()).groups.map(({ groupId }) => groupId)),
    deleteGroups: (groups) =>
      ask('deleting groups', async (admin) => {
        for (const group of groups) await deleteGroup(admin, group)
      }),
    close,
  }
}

type Asking = Readonly<{
  ask<T>(doing: string, question: (admin: Admin) => Promise<T>, rights?: Rights): Promise<T>
  close(): Promise<void>
}>

/** One connection for all questions, from the first on; an error closes it under all of them. */
function createAsking(kafka: Kafka): Asking {
  let connected: Promise<Admin> | null = null

  const connect = (): Promise<Admin> => {
    connected ??= (async () => {
      const admin = kafka.admin()
      await admin.connect()
      return admin
    })()
    return connected
  }

  const close = async () => {
    const closing = connected
    connected = null
    const admin = await closing?.catch(() => null)
    if (admin) await Promise.race([admin.disconnect(), systemClock.sleep(closeMillis)]).catch(() => {})
  }

  return {
    /** Leaders move; a broker may not know yet what the controller decided: that passes. After an error kafkajs may keep a broker that is gone. */
    async ask(doing, question, rights = {}) {
      for (let attempt = 1; ; attempt++) {
        const connection = connect()
        try {
          return await question(await connection)
        } catch (error) {
          // Another question failed first and closed the connection under this one: whatever kafkajs calls that, a new one may well succeed.
          const wasClosed = connected !== connection
          const reaction = wasClosed ? givenUp(doing, error as Error) : reactionTo(error, doing, rights)
          if (!(reaction instanceof RetryableError)) throw reaction
          if (!wasClosed) await close()
          if (attempt === askAttempts || !isLeadership(reaction)) throw reaction
          await systemClock.sleep(pauseMillis * attempt)
        }
      }
    },
    close,
  }
}

async function createMissing(admin: Admin, settings: readonly TopicSettings[]): Promise<void> {
  const existing = new Set(await admin.listTopics())
  const missing = settings.filter(({ topic }) => !existing.has(topic))
  if (missing.length === 0) return
  const topics = missing.map(({ topic, partitions, replicas, config }) => ({
    topic,
    numPartitions: partitions,
    replicationFactor: replicas ?? brokersDefault,
    configEntries: Object.entries(config ?? {}).map(([name, value]) => ({ name, value })),
  }))
  // False when another process has created one meanwhile: as good.
  await admin.createTopics({ topics, waitForLeaders: false })
  await untilLed(
    admin,
    missing.map(({ topic }) => topic),
  )
}

async function untilLed(admin: Admin, topics: readonly string[]): Promise<void> {
  for (const deadline = systemClock.monotonic() + leaderMillis; systemClock.monotonic() < deadline; await systemClock.sleep(pauseMillis)) {
    // Metadata may name a leader that has not taken office: one that says its offsets has.
    const led = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic))).catch(() => null)
    if (led?.every((offsets) => offsets.length > 0)) return
  }
  throw new FatalError(`topics ${topics.join(', ')} have no leaders after ${leaderMillis / 1_000} s: look at the brokers’ logs`)
}

async function deleteExisting(admin: Admin, topics: readonly string[]): Promise<void> {
  const existing = new Set(await admin.listTopics())
  const present = topics.filter((topic) => existing.has(topic))
  if (present.length > 0) await admin.deleteTopics({ topics: present })
}

async function countPartitions(admin: Admin, topic: string): Promise<number> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  return topics[0]!.partitions.length
}

async function readOffsets(admin: Admin, topic: string): ReturnType<LogAdmin['offsets']> {
  const offsets = await admin.fetchTopicOffsets(topic)
  return offsets
    .map(({ partition, low, high }) => ({ partition, first: Number(low), next: Number(high) }))
    .sort((a, b) => a.partition - b.partition)
}

async function committedOf(admin: Admin, group: string, partition: TopicPartition): Promise<CommittedOffset | null> {
  const committed = await readCommitted(admin, group, partition)
  return committed === null ? null : { offset: committed.offset, metadata: committed.metadata }
}

async function readCommitted(
  admin: Admin,
  group: string,
  { topic, partition }: TopicPartition,
): Promise<(CommittedOffset & Readonly<{ topicId: string | null }>) | null> {
  const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
  const committed = found?.partitions.find((candidate) => candidate.partition === partition)
  if (committed === undefined || Number(committed.offset) < 0) return null
  return { offset: Number(committed.offset), ...withoutTopicId(committed.metadata ?? '') }
}

async function wasMadeAnew(admin: Admin, group: string, partition: TopicPartition, topicIds: TopicIds): Promise<boolean> {
  const { topic } = partition
  const id = await readTopicId(admin, topic)
  if (id === null) return false
  // The first one stays: what this process has read is of that topic.
  if (!topicIds.has(topic)) topicIds.set(topic, id)
  if (topicIds.get(topic) !== id) return true
  const topicId = (await readCommitted(admin, group, partition))?.topicId ?? id
  return topicId !== id
}

async function describeExisting(admin: Admin, wanted: readonly string[]): Promise<TopicDescription[]> {
  const existing = new Set(await admin.listTopics())
  const names = wanted.filter((topic) => existing.has(topic))
  if (names.length === 0) return []
  const { topics } = await admin.fetchTopicMetadata({ topics: names })
  const { resources } = await admin.describeConfigs({
    resources: names.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
    includeSynonyms: false,
  })
  return topics.map(({ name: topic, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? []
    return {
      topic,
      partitions: partitions.length,
      replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      config: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    }
  })
}

/** A group whose last member has just left may not be empty yet in the broker's eyes. */
async function deleteGroup(admin: Admin, group: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await admin.deleteGroups([group])
      return
    } catch (error) {
      const refused = (error as { groups?: { error?: unknown }[] }).groups?.[0]?.error ?? error
      if (typeOf(refused) === 'GROUP_ID_NOT_FOUND') return
      if (typeOf(refused) !== 'NON_EMPTY_GROUP') throw error
      if (attempt === groupDeleteAttempts)
        throw new FatalError(`group ${group} has members: stop them before deleting it`, { cause: error })
      await systemClock.sleep(pauseMillis)
    }
  }
}
