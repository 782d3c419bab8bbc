import type { Clock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { BackoffOptions } from '#lib/stream/backoff.ts'
import type { CommittedOffset, Consumer, ConsumerOptions, TopicPartition } from '#lib/stream/log.ts'
import { createMember, type Member } from './member.ts'
import { keyOf } from './member-state.ts'
import { createMembers } from './members.ts'
import type { MemoryPartition } from './partition.ts'

/** What a consumer needs of the log it reads. */
export type GroupStorage = Readonly<{
  clock: Clock
  backoff: BackoffOptions
  partitions(topic: string): readonly MemoryPartition[]
  /** Another one for each time that a topic of this name was made. */
  topic(name: string): object | undefined
  /** Told after every commit, to give memory back where the log is kept only until read. */
  onCommit(partition: TopicPartition): void
}>

export interface MemoryGroup {
  committed(partition: TopicPartition): CommittedOffset | null
  /** What it committed is about a topic of this name that is gone. */
  madeAnew(partition: TopicPartition): boolean
  /** The oldest offset this group may still read: what it committed, or all where a subscriber has committed nothing. Null: no reader. */
  needs(partition: TopicPartition): number | null
  commit(partition: TopicPartition, committed: CommittedOffset): void
  consumer(options: ConsumerOptions): Consumer
  /** As when a member falls silent beyond its session: the others go on without it. Frozen, it joins again when it learns of it; dead, never. */
  expel(consumer: Consumer, fate: 'frozen' | 'dead'): void
  /** As when a member joined and left again: everyone finishes the batch in hand and is assigned anew. */
  rebalance(): void
  /** No batch in hand, nothing visible left to hand over. */
  isIdle(): boolean
  members(): number
}

export function createMemoryGroup(storage: GroupStorage): MemoryGroup {
  const positions = new Map<string, CommittedOffset>()
  const committedIn = new Map<string, object | undefined>()
  const members = createMembers(storage)
  const known = new WeakMap<Consumer, Member>()

  const committed = (partition: TopicPartition) => positions.get(keyOf(partition)) ?? null
  const commit = (partition: TopicPartition, position: CommittedOffset) => {
    positions.set(keyOf(partition), position)
    committedIn.set(keyOf(partition), storage.topic(partition.topic))
    storage.onCommit(partition)
  }

  function consumer(options: ConsumerOptions): Consumer {
    const finished = Promise.withResolvers<void>()
    finished.promise.catch(() => {})
    const member = createMember({
      storage,
      consumer: options,
      committed,
      commit,
      rejoin: () => void members.rejoin(member),
      fail(error) {
        members.leave(member)
        finished.reject(error)
      },
    })
    const self: Consumer = {
      ...member.partitions,
      finished: finished.promise,
      async start(handler, onAssignment) {
        for (const topic of options.topics) storage.partitions(topic)
        member.listen(handler, onAssignment)
        await members.add(member)
      },
      async stop() {
        members.leave(member)
        await member.done()
        finished.resolve()
      },
    }
    known.set(self, member)
    return self
  }

  return {
    committed,
    madeAnew: (partition) => committedIn.has(keyOf(partition)) && committedIn.get(keyOf(partition)) !== storage.topic(partition.topic),
    needs: (partition) => committed(partition)?.offset ?? (members.all().some(({ topics }) => topics.includes(partition.topic)) ? 0 : null),
    commit,
    consumer,
    expel(expelled, fate) {
      const member = known.get(expelled)
      if (member === undefined) throw new FatalError('only a consumer of this group can be expelled from it')
      members.expel(member, fate)
    },
    rebalance: () => void members.rebalance(),
    isIdle: () => !members.isRebalancing() && members.all().every((member) => member.isIdle()),
    members: () => members.all().length,
  }
}
