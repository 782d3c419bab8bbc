import type { TopicPartition } from '#lib/stream/log.ts'
import type { GroupStorage } from './group.ts'
import type { Member } from './member.ts'

/** The members of a group, among whom its partitions are shared out anew whenever one comes or goes. */
export interface Members {
  all(): readonly Member[]
  /** Resolves when it has its share. */
  add(member: Member): Promise<void>
  /** Comes back once what it holds is done. */
  rejoin(member: Member): Promise<void>
  leave(member: Member): void
  expel(member: Member, fate: 'frozen' | 'dead'): void
  rebalance(): Promise<void>
  isRebalancing(): boolean
}

export function createMembers(storage: GroupStorage): Members {
  const members = new Set<Member>()
  let generation = 0
  let rebalancing: Promise<void> | null = null
  let again = false

  /** Eager, as Kafka's classic protocol: all members finish what they hold, then everything is assigned anew under one new epoch. */
  function rebalance(): Promise<void> {
    again = true
    rebalancing ??= (async () => {
      while (again) {
        again = false
        for (const member of members) member.end({ type: 'drained' })
        await Promise.all([...members].map((member) => member.doneOrGone()))
        if (!again) assign()
      }
      rebalancing = null
    })()
    return rebalancing
  }

  function assign(): void {
    generation++
    for (const [member, share] of sharesOf([...members], storage)) member.begin(share, generation)
  }

  function add(member: Member): Promise<void> {
    members.add(member)
    return rebalance()
  }

  async function rejoin(member: Member): Promise<void> {
    member.end({ type: 'drained' })
    await member.done()
    member.comeBack()
    const { type } = member.state()
    if (type !== 'leaving' && type !== 'out') await add(member)
  }

  return {
    all: () => [...members],
    add,
    rejoin,
    leave(member) {
      member.end({ type: 'left' })
      if (members.delete(member) && members.size > 0) void rebalance()
    },
    expel(member, fate) {
      members.delete(member)
      member.end({ type: 'expelled', fate })
      if (members.size > 0) void rebalance()
      void rejoin(member)
    },
    rebalance,
    isRebalancing: () => rebalancing !== null,
  }
}

/** Topic by topic in the order of their names, partition by partition in turn. */
function sharesOf(members: readonly Member[], storage: GroupStorage): ReadonlyMap<Member, readonly TopicPartition[]> {
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort()
  const shares = new Map<Member, TopicPartition[]>(members.map((member) => [member, []]))
  let turn = 0
  for (const topic of topics) {
    const subscribers = members.filter((member) => member.topics.includes(topic))
    storage.partitions(topic).forEach((_, partition) => {
      shares.get(subscribers[turn++ % subscribers.length]!)!.push({ topic, partition })
    })
  }
  return shares
}
