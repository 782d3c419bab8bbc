import { FatalError, FencedError } from '#lib/errors/errors.ts'
import type { FollowOptions, Log, LogAdmin, LogRecord, NewRecord, Producer, TransactionalProducer } from '#lib/stream/log.ts'
import type { Actor, Answer, CallKind, Scheduler } from '../kernel/scheduler.ts'
import { type Broker, keyOf, type Partition } from './broker.ts'
import { createSimulatedConsumer } from './consumer.ts'
import { followSimulated } from './follow.ts'
import type { Member } from './group.ts'

/** The log as one process has it. What it learns of the others, it learns from the broker. */
export type SimulatedLog = Log & Readonly<{ actor: Actor; memberships: readonly Readonly<{ group: string; member: Member }>[] }>

export function createSimulatedLog(scheduler: Scheduler, broker: Broker, actor: Actor): SimulatedLog {
  const world = { scheduler, broker, actor }
  const memberships: { group: string; member: Member }[] = []

  /** A call that the broker answers at once. */
  const ask = <T>(label: string, args: unknown, answer: () => T, kind?: CallKind): Promise<T> =>
    scheduler.call<T>(actor, label, args, answering(answer), kind)

  const producer = (): Producer => ({
    async send(records) {
      for (const [partition, own] of byPartition(broker, records))
        await ask(`sends to ${keyOf(partition.tp)}`, own, () => broker.append(partition, own))
    },
    async close() {},
  })

  const admin = (): LogAdmin => ({
    createTopics: (settings) =>
      ask('creates topics', settings, () => {
        for (const { topic, partitions } of settings) broker.createTopic(topic, partitions)
      }),
    deleteTopics: (names) =>
      ask('deletes topics', names, () => {
        for (const name of names) broker.deleteTopic(name)
      }),
    listTopics: () => ask('lists topics', undefined, broker.topics),
    describeTopics: (names) =>
      ask('describes topics', names, () => {
        const existing = broker.topics()
        return names
          .filter((topic) => existing.includes(topic))
          .map((topic) => ({ topic, partitions: broker.topic(topic).length, replicas: 1, config: {} }))
      }),
    partitionCount: (topic) => ask(`counts partitions of ${topic}`, undefined, () => broker.topic(topic).length),
    offsets: (topic) =>
      ask(`asks offsets of ${topic}`, undefined, () =>
        broker.topic(topic).map(({ tp: { partition }, storage }) => ({ partition, first: storage.first(), next: storage.next() })),
      ),
    committed: (group, tp) => ask(`asks committed ${keyOf(tp)}`, undefined, () => broker.groups.get(group)?.offsets.get(keyOf(tp)) ?? null),
    // No topic is made anew in a simulation.
    madeAnew: async () => false,
    listGroups: () => ask('lists groups', undefined, () => [...broker.groups.keys()].sort()),
    deleteGroups: (names) =>
      ask('deletes groups', names, () => {
        for (const name of names) {
          if ((broker.groups.get(name)?.members().length ?? 0) > 0)
            throw new FatalError(`group ${name} has members: stop them before deleting it`)
          broker.groups.delete(name)
        }
      }),
    async close() {},
  })

  return {
    actor,
    memberships,
    consumer: (options) => createSimulatedConsumer(world, options, (group, member) => memberships.push({ group, member })),
    transactionalProducer: (id) => createTransactionalProducer(world, id),
    producer,
    admin,
    async follow(topics: readonly string[], onRecords: (records: readonly LogRecord[]) => void | Promise<void>, options?: FollowOptions) {
      const partitions = await ask('begins to follow', topics, () => topics.flatMap((topic) => broker.topic(topic)))
      return followSimulated(world, partitions, onRecords, options)
    },
    async checkReachable() {},
    async close() {},
  }
}

const answering =
  <T>(effect: () => T) =>
  (answer: Answer<T>): void => {
    let value: T
    try {
      value = effect()
    } catch (error) {
      answer.fail(error as Error)
      return
    }
    answer.give(value)
  }

function byPartition(broker: Broker, records: readonly NewRecord[]): Map<Partition, NewRecord[]> {
  const parts = new Map<Partition, NewRecord[]>()
  for (const record of records) {
    const partition = broker.partitionFor(record)
    const part = parts.get(partition)
    if (part === undefined) parts.set(partition, [record])
    else part.push(record)
  }
  return parts
}

function createTransactionalProducer(
  { scheduler, broker, actor }: { scheduler: Scheduler; broker: Broker; actor: Actor },
  id: string,
): TransactionalProducer {
  let epoch: number | null = null

  const owned = (): number => {
    if (epoch === null) throw new FencedError(`producer ${id} must fence() before its first transaction`)
    return epoch
  }
  const call = (label: string, args: unknown, effect: (answer: Answer<void>) => void) => scheduler.call<void>(actor, label, args, effect)

  return {
    async fence() {
      epoch = await scheduler.call<number>(actor, `takes over ${id}`, undefined, (answer) => broker.takeOver(id, answer))
    },

    async commitTransaction({ records, position, beforeCommit }) {
      const as = owned()
      const parts = byPartition(broker, records)
      try {
        if (parts.size > 0) await call('adds partitions', undefined, (answer) => broker.addPartitions(id, as, [...parts.keys()], answer))
        for (const [partition, own] of parts)
          await call(`appends to ${keyOf(partition.tp)}`, own, (answer) => broker.produce(id, as, partition, own, answer))
        if (position !== undefined) {
          const { group, partition, committed } = position
          await call(`sends offset of ${keyOf(partition)}`, committed, (answer) =>
            broker.sendOffset(id, as, group, partition, committed, answer),
          )
        }
        await beforeCommit?.()
      } catch (error) {
        // As kafkajs: an abort is tried; whether it happened matters to nobody, the next owner settles it.
        await call('ends, aborting', undefined, (answer) => broker.end(id, as, 'aborted', answer)).catch(() => {})
        throw error
      }
      await call('ends, committing', undefined, (answer) => broker.end(id, as, 'committed', answer))
    },

    async close() {},
  }
}
