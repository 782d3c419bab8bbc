import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { BackoffOptions } from '#lib/stream/backoff.ts'
import type { Consumer, Headers, Log, LogAdmin, NewRecord, Producer, RawParts, TopicPartition } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import { followPartitions } from './follow.ts'
import { createMemoryGroup, type MemoryGroup } from './group.ts'
import { createMemoryPartition, type MemoryPartition, type MemoryTransaction } from './partition.ts'
import { createMemoryTransactions, type Fault } from './transactions.ts'

export type MemoryLogOptions = Readonly<{
  /** Stamps records; its `sleep` is used only between retries of a failed batch. */
  clock: Clock
  /**
   * `everything` (default) keeps all records. `until read` forgets what every group that committed in a partition, and every follower, has
   * behind it: a backtest's memory stays bounded. A topic that nobody reads is kept whole.
   */
  keep?: 'everything' | 'until read'
  /** Between deliveries of a batch that failed with RetryableError. Default 1 to 50 ms: nothing here needs time to recover. */
  backoff?: BackoffOptions
  /** For tests: throws where a real producer might fail. */
  fault?: Fault
}>

export interface MemoryLog extends Log {
  /**
   * Resolves when every consumer and follower has been handed, and is done with, everything visible: what a finite run waits for.
   * It looks again each turn of the event loop, so await it once, not per record.
   */
  idle(): Promise<void>
  /** As when this member fell silent beyond its session timeout: `frozen`, it joins again once it learns of it; `dead`, never. */
  expel(group: string, consumer: Consumer, fate: 'frozen' | 'dead'): void
  /** As when a member joined and left again. */
  rebalance(group: string): void
  /** As when retention passed: the partition begins at `before` now, whoever had not read so far. */
  deleteRecords(partition: TopicPartition, before: number): void
}

/**
 * A log in memory with Kafka's semantics: offsets with gaps where markers are, transactions fenced by id, read-committed visibility,
 * consumer groups. Deterministic: with the same calls in the same order, the same deliveries in the same order. No timers, no copies.
 */
export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  const { clock, keep = 'everything', backoff = { firstMillis: 1, maxMillis: 50 }, fault = () => {} } = options
  const topics = createTopics(clock)
  const groups = new Map<string, MemoryGroup>()
  const followers = new Set<ReturnType<typeof followPartitions>>()

  const forgetRead = (partition: TopicPartition) => {
    if (keep === 'everything') return
    const positions = [...groups.values()]
      .map((group) => group.needs(partition))
      .concat([...followers].map((follower) => follower.position(partition)))
      .filter((position) => position !== null)
    if (positions.length > 0) topics.partitionsOf(partition.topic)[partition.partition]!.forgetBefore(Math.min(...positions))
  }

  const groupOf = (name: string): MemoryGroup => {
    const existing = groups.get(name)
    if (existing !== undefined) return existing
    const group = createMemoryGroup({ clock, backoff, partitions: topics.partitionsOf, topic: topics.find, onCommit: forgetRead })
    groups.set(name, group)
    return group
  }

  const transactionalProducer = createMemoryTransactions({
    clock,
    fault,
    append: topics.append,
    commitPosition: (group, partition, committed) => groupOf(group).commit(partition, committed),
  })

  const isIdle = () => [...groups.values()].every((group) => group.isIdle()) && [...followers].every((follower) => follower.isIdle())

  return {
    consumer: (consumerOptions) => groupOf(consumerOptions.group).consumer(consumerOptions),
    transactionalProducer,
    producer: () => createProducer(topics),
    admin: () => createAdmin(topics, groups),
    async follow(names, onRecords, followOptions) {
      const following = followPartitions(topics.partitionsIn(names, followOptions?.partition), onRecords, followOptions)
      followers.add(following)
      return following.follower
    },
    async checkReachable() {},
    async close() {
      await Promise.all([...followers].map(({ follower }) => follower.stop().catch(() => {})))
      followers.clear()
    },
    async idle() {
      // Twice in a row: a handler that has just resolved may not have sent yet what it will send in its next microtask.
      for (let quiet = 0; quiet < 2; ) {
        await new Promise((resolve) => setImmediate(resolve))
        quiet = isIdle() ? quiet + 1 : 0
      }
    },
    expel: (group, consumer, fate) => groupOf(group).expel(consumer, fate),
    rebalance: (group) => groupOf(group).rebalance(),
    deleteRecords: ({ topic, partition }, before) => topics.partitionsOf(topic)[partition]?.deleteBefore(before),
  }
}

type Topic = Readonly<{ partitions: readonly MemoryPartition[]; config: Readonly<Record<string, string>> }>
type Topics = ReturnType<typeof createTopics>

function createTopics(clock: Clock) {
  const topics = new Map<string, Topic>()

  const partitionsOf = (topic: string): readonly MemoryPartition[] => {
    const found = topics.get(topic)
    if (found === undefined) throw new RetryableError(`topic ${topic} does not exist (yet)`)
    return found.partitions
  }

  return {
    topics,
    find: (name: string): object | undefined => topics.get(name),
    partitionsOf,
    /** All partitions of these topics, or the one of this number. */
    partitionsIn: (names: readonly string[], only: number | undefined): (readonly [TopicPartition, MemoryPartition])[] =>
      names
        .flatMap((topic) => partitionsOf(topic).map((storage, partition) => [{ topic, partition }, storage] as const))
        .filter(([{ partition }]) => partition === (only ?? partition)),
    append(record: NewRecord, transaction?: MemoryTransaction): MemoryPartition {
      const { topic, key, value, headers = {}, raw } = record
      const partitions = partitionsOf(topic)
      const partition = record.partition ?? (partitions.length === 1 ? 0 : partitionOfKey(raw?.key ?? key, partitions.length))
      const storage = partitions[partition]
      if (storage === undefined) throw new FatalError(`topic ${topic} has ${partitions.length} partitions, there is no ${partition}`)
      storage.append({ topic, partition, timestamp: clock.now(), value, ...textOf({ key, headers, raw }) }, transaction)
      return storage
    },
  }
}

const createProducer = ({ partitionsOf, append }: Topics): Producer => ({
  async send(records) {
    for (const { topic } of records) partitionsOf(topic)
    for (const record of records) append(record)
  },
  async close() {},
})

function createAdmin({ topics, partitionsOf }: Topics, groups: Map<string, MemoryGroup>): LogAdmin {
  return {
    async createTopics(settings) {
      for (const { topic, partitions, config = {} } of settings)
        if (!topics.has(topic)) topics.set(topic, { partitions: Array.from({ length: partitions }, createMemoryPartition), config })
    },
    async deleteTopics(names) {
      for (const name of names) topics.delete(name)
    },
    listTopics: async () => [...topics.keys()].sort(),
    describeTopics: async (names) =>
      names.flatMap((topic) => {
        const found = topics.get(topic)
        return found === undefined ? [] : [{ topic, partitions: found.partitions.length, replicas: 1, config: found.config }]
      }),
    partitionCount: async (topic) => partitionsOf(topic).length,
    offsets: async (topic) =>
      partitionsOf(topic).map((storage, partition) => ({ partition, first: storage.first(), next: storage.next() })),
    committed: async (group, partition) => groups.get(group)?.committed(partition) ?? null,
    madeAnew: async (group, partition) => groups.get(group)?.madeAnew(partition) ?? false,
    listGroups: async () => [...groups.keys()].sort(),
    async deleteGroups(names) {
      for (const name of names) {
        if ((groups.get(name)?.members() ?? 0) > 0) throw new FatalError(`group ${name} has members: stop them before deleting it`)
        groups.delete(name)
      }
    },
    async close() {},
  }
}

/** As a reader of Kafka finds it: the text of bytes that are none, and the bytes beside it. */
function textOf({ key, headers, raw }: Readonly<{ key: string; headers: Headers; raw: RawParts | undefined }>) {
  if (raw === undefined) return { key, headers }
  const texts = raw.headers?.map(([name, value]) => [name, String(value)] as const)
  return { key: raw.key?.toString() ?? key, headers: texts === undefined ? headers : Object.fromEntries(texts), raw }
}
