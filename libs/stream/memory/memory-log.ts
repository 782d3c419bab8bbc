import type { Clock } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import type { BackoffOptions } from '#lib/stream/backoff.ts'
import type {
  Consumer,
  FollowOptions,
  Headers,
  Log,
  LogAdmin,
  LogRecord,
  NewRecord,
  Producer,
  RawParts,
  TopicPartition,
} from '#lib/stream/log.ts'
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
  const { clock, keep = 'everything', backoff = { firstMillis: 1, mostMillis: 50 }, fault = () => {} } = options
  const topics = new Map<string, MemoryPartition[]>()
  const configs = new Map<string, Readonly<Record<string, string>>>()
  const groups = new Map<string, MemoryGroup>()
  const followers = new Set<ReturnType<typeof followPartitions>>()

  const partitionsOf = (topic: string) => {
    const partitions = topics.get(topic)
    if (partitions === undefined) throw new RetryableError(`topic ${topic} does not exist (yet)`)
    return partitions
  }

  const append = (record: NewRecord, transaction?: MemoryTransaction): MemoryPartition => {
    const { topic, key, value, headers = {}, raw } = record
    const partitions = partitionsOf(topic)
    const partition = record.partition ?? (partitions.length === 1 ? 0 : partitionOfKey(raw?.key ?? key, partitions.length))
    const storage = partitions[partition]
    if (storage === undefined) throw new FatalError(`topic ${topic} has ${partitions.length} partitions, there is no ${partition}`)
    storage.append({ topic, partition, timestamp: clock.now(), value, ...textOf({ key, headers, raw }) }, transaction)
    return storage
  }

  const forgetRead = (partition: TopicPartition) => {
    if (keep === 'everything') return
    const positions = [...groups.values()]
      .map((group) => group.needs(partition))
      .concat([...followers].map((follower) => follower.position(partition)))
      .filter((position) => position !== null)
    if (positions.length > 0) partitionsOf(partition.topic)[partition.partition]!.forgetBefore(Math.min(...positions))
  }

  const groupOf = (name: string): MemoryGroup => {
    const existing = groups.get(name)
    if (existing !== undefined) return existing
    const group = createMemoryGroup({ clock, backoff, partitions: partitionsOf, onCommit: forgetRead })
    groups.set(name, group)
    return group
  }

  const transactionalProducer = createMemoryTransactions({
    clock,
    fault,
    append,
    commitPosition: (group, partition, committed) => groupOf(group).commit(partition, committed),
  })

  const producer = (): Producer => ({
    async send(records) {
      for (const { topic } of records) partitionsOf(topic)
      for (const record of records) append(record)
    },
    async close() {},
  })

  const admin = (): LogAdmin => ({
    async createTopics(settings) {
      for (const { topic, partitions, config = {} } of settings) {
        if (topics.has(topic)) continue
        topics.set(topic, Array.from({ length: partitions }, createMemoryPartition))
        configs.set(topic, config)
      }
    },
    async deleteTopics(names) {
      for (const name of names) topics.delete(name)
    },
    listTopics: async () => [...topics.keys()].sort(),
    describeTopics: async (names) =>
      names.flatMap((topic) => {
        const partitions = topics.get(topic)
        return partitions === undefined ? [] : [{ topic, partitions: partitions.length, replicas: 1, config: configs.get(topic) ?? {} }]
      }),
    partitionCount: async (topic) => partitionsOf(topic).length,
    offsets: async (topic) =>
      partitionsOf(topic).map((storage, partition) => ({ partition, first: storage.first(), next: storage.next() })),
    committed: async (group, partition) => groups.get(group)?.committed(partition) ?? null,
    listGroups: async () => [...groups.keys()].sort(),
    async deleteGroups(names) {
      for (const name of names) {
        if ((groups.get(name)?.members() ?? 0) > 0) throw new FatalError(`group ${name} has members: stop them before deleting it`)
        groups.delete(name)
      }
    },
    async close() {},
  })

  const follow = async (
    names: readonly string[],
    onRecords: (records: readonly LogRecord[]) => void | Promise<void>,
    followOptions?: FollowOptions,
  ) => {
    const partitions = names
      .flatMap((topic) => partitionsOf(topic).map((storage, partition) => [{ topic, partition }, storage] as const))
      .filter(([{ partition }]) => partition === (followOptions?.partition ?? partition))
    const following = followPartitions(partitions, onRecords, followOptions)
    followers.add(following)
    return following.follower
  }

  const isIdle = () => [...groups.values()].every((group) => group.isIdle()) && [...followers].every((follower) => follower.isIdle())

  return {
    consumer: (consumerOptions) => groupOf(consumerOptions.group).consumer(consumerOptions),
    transactionalProducer,
    producer,
    admin,
    follow,
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
    deleteRecords: ({ topic, partition }, before) => partitionsOf(topic)[partition]?.deleteBefore(before),
  }
}

/** As a reader of Kafka finds it: the text of bytes that are none, and the bytes beside it. */
function textOf({ key, headers, raw }: Readonly<{ key: string; headers: Headers; raw: RawParts | undefined }>) {
  if (raw === undefined) return { key, headers }
  const texts = raw.headers?.map(([name, value]) => [name, String(value)] as const)
  return { key: raw.key?.toString() ?? key, headers: texts === undefined ? headers : Object.fromEntries(texts), raw }
}
