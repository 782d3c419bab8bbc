import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import type { CommittedOffset, NewRecord, TopicPartition } from '#lib/stream/log.ts'
import { createMemoryPartition, type MemoryTransaction } from '#lib/stream/memory/partition.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import type { Answer, Scheduler } from '../kernel/scheduler.ts'
import { type Compactable, compactable } from './compacted.ts'
import { createGroup, type Group } from './group.ts'

/** One partition with those who wait for it to grow. */
export type Partition = Readonly<{ tp: TopicPartition; storage: Compactable; waiting: Set<() => void> }>

/**
 * The cluster as its clients meet it, transactions split as on the wire: partitions are added, records appended partition by partition,
 * offsets sent, the transaction ended; and after the end was answered, a marker is written into each partition, and the group's offset
 * becomes what was sent, each in a step of its own. Whoever takes an id over waits for these.
 */
export interface Broker {
  topic(name: string): readonly Partition[]
  createTopic(name: string, partitions: number): void
  deleteTopic(name: string): void
  topics(): string[]
  group(name: string): Group
  groups: Map<string, Group>
  partitionFor(record: NewRecord): Partition
  append(partition: Partition, records: readonly NewRecord[], transaction?: MemoryTransaction): void
  takeOver(id: string, answer: Answer<number>): void
  addPartitions(id: string, epoch: number, partitions: readonly Partition[], answer: Answer<void>): void
  produce(id: string, epoch: number, partition: Partition, records: readonly NewRecord[], answer: Answer<void>): void
  sendOffset(id: string, epoch: number, group: string, tp: TopicPartition, committed: CommittedOffset, answer: Answer<void>): void
  end(id: string, epoch: number, outcome: 'committed' | 'aborted', answer: Answer<void>): void
  /** A transaction that its producer never ended is aborted by the coordinator in the end. */
  expireTransactions(): void
  /** Deletes what is before this offset, as retention does. */
  deleteBefore(partition: Partition, offset: number): void
  /** No transaction is being settled. */
  isSettled(): boolean
}

type Coordinated = {
  readonly id: string
  epoch: number
  state: 'empty' | 'ongoing' | 'settling'
  transaction: MemoryTransaction
  partitions: Set<Partition>
  offsets: { group: string; tp: TopicPartition; committed: CommittedOffset }[]
  /** Calls that came while markers were written. */
  waiting: (() => void)[]
}

export function createBroker(scheduler: Scheduler): Broker {
  const topics = new Map<string, Partition[]>()
  const groups = new Map<string, Group>()
  const producers = new Map<string, Coordinated>()

  const topic = (name: string) => {
    const partitions = topics.get(name)
    if (partitions === undefined) throw new RetryableError(`topic ${name} does not exist (yet)`)
    return partitions
  }

  const group = (name: string): Group => {
    const existing = groups.get(name)
    if (existing !== undefined) return existing
    const created = createGroup(scheduler, (name) => topic(name).map(({ tp }) => tp))
    groups.set(name, created)
    return created
  }

  const wake = ({ waiting }: Partition) => {
    const woken = [...waiting]
    waiting.clear()
    for (const look of woken) look()
  }

  const append = (partition: Partition, records: readonly NewRecord[], transaction?: MemoryTransaction) => {
    for (const { key, value, headers = {} } of records)
      partition.storage.append({ ...partition.tp, timestamp: scheduler.clock.now(), key, value, headers }, transaction)
    wake(partition)
  }

  const partitionFor = ({ topic: name, partition, key }: NewRecord) => {
    const partitions = topic(name)
    const found = partitions[partition ?? partitionOfKey(key, partitions.length)]
    if (found === undefined) throw new FatalError(`topic ${name} has no partition ${partition}`)
    return found
  }

  const producerOf = (id: string): Coordinated => {
    const known = producers.get(id)
    if (known !== undefined) return known
    const made: Coordinated = {
      id,
      epoch: 0,
      state: 'empty',
      transaction: { state: 'open' },
      partitions: new Set(),
      offsets: [],
      waiting: [],
    }
    producers.set(id, made)
    return made
  }

  function settle(producer: Coordinated, outcome: 'committed' | 'aborted'): void {
    const { transaction, partitions, offsets } = producer
    producer.state = 'settling'
    transaction.state = outcome
    let left = partitions.size + offsets.length
    const done = () => {
      if (--left > 0) return
      producer.state = 'empty'
      producer.transaction = { state: 'open' }
      producer.partitions = new Set()
      producer.offsets = []
      for (const again of producer.waiting.splice(0)) again()
    }
    for (const partition of partitions)
      scheduler.parkPrompt(`marker ${outcome} ${partition.tp.topic}-${partition.tp.partition}`, () => {
        partition.storage.appendMarker(scheduler.clock.now(), transaction)
        wake(partition)
        done()
      })
    for (const { group: name, tp, committed } of offsets)
      scheduler.parkPrompt(`offset ${outcome} ${tp.topic}-${tp.partition} ${committed.offset}`, () => {
        if (outcome === 'committed') group(name).offsets.set(keyOf(tp), committed)
        done()
      })
    if (left === 0) {
      left = 1
      done()
    }
  }

  const fenced = (producer: Coordinated, epoch: number, answer: Answer<never>): boolean => {
    if (epoch === producer.epoch) return false
    answer.fail(new FencedError(`producer ${producer.id} was fenced: another one has taken its id over`))
    return true
  }

  /** While markers are written the coordinator answers "concurrent transactions", and the client asks again until it is through. */
  const whenSettled = (producer: Coordinated, answer: Answer<never>, again: () => void) => {
    producer.waiting.push(() => {
      if (answer.isWanted()) again()
    })
  }

  const self: Broker = {
    topic,
    createTopic(name, partitions) {
      if (!topics.has(name))
        topics.set(
          name,
          Array.from({ length: partitions }, (_, partition) => ({
            tp: { topic: name, partition },
            storage: compactable(createMemoryPartition()),
            waiting: new Set(),
          })),
        )
    },
    deleteTopic: (name) => void topics.delete(name),
    topics: () => [...topics.keys()].sort(),
    group,
    groups,
    partitionFor,
    append,

    takeOver(id, answer) {
      const producer = producerOf(id)
      if (producer.state === 'settling') return whenSettled(producer, answer, () => self.takeOver(id, answer))
      producer.epoch++
      if (producer.state === 'empty') return answer.give(producer.epoch)
      settle(producer, 'aborted')
      whenSettled(producer, answer, () => self.takeOver(id, answer))
    },

    addPartitions(id, epoch, partitions, answer) {
      const producer = producerOf(id)
      if (fenced(producer, epoch, answer as Answer<never>)) return
      if (producer.state === 'settling')
        return whenSettled(producer, answer as Answer<never>, () => self.addPartitions(id, epoch, partitions, answer))
      producer.state = 'ongoing'
      for (const partition of partitions) producer.partitions.add(partition)
      answer.give()
    },

    produce(id, epoch, partition, records, answer) {
      const producer = producerOf(id)
      if (fenced(producer, epoch, answer as Answer<never>)) return
      if (producer.state !== 'ongoing' || !producer.partitions.has(partition))
        return answer.fail(new RetryableError('invalid transaction state'))
      append(partition, records, producer.transaction)
      answer.give()
    },

    sendOffset(id, epoch, name, tp, committed, answer) {
      const producer = producerOf(id)
      if (fenced(producer, epoch, answer as Answer<never>)) return
      if (producer.state === 'settling')
        return whenSettled(producer, answer as Answer<never>, () => self.sendOffset(id, epoch, name, tp, committed, answer))
      producer.state = 'ongoing'
      producer.offsets.push({ group: name, tp, committed })
      answer.give()
    },

    end(id, epoch, outcome, answer) {
      const producer = producerOf(id)
      if (fenced(producer, epoch, answer as Answer<never>)) return
      if (producer.state === 'settling') return answer.fail(new RetryableError('concurrent transactions'))
      if (producer.state === 'ongoing') settle(producer, outcome)
      answer.give()
    },

    expireTransactions() {
      for (const producer of producers.values()) {
        if (producer.state !== 'ongoing') continue
        producer.epoch++
        settle(producer, 'aborted')
      }
    },

    deleteBefore({ storage }, offset) {
      storage.deleteBefore(offset)
    },

    isSettled: () => [...producers.values()].every(({ state }) => state !== 'settling'),
  }
  return self
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`
