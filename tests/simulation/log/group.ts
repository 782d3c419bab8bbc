import { FencedError } from '#lib/errors/errors.ts'
import type { CommittedOffset, TopicPartition } from '#lib/stream/log.ts'
import type { Actor, Answer, Scheduler } from '../kernel/scheduler.ts'

export type Assignment = Readonly<{ generation: number; share: readonly TopicPartition[] }>

/** A client that is, or was, a member. It learns that it is to join again from its heartbeats, in a step of its own. */
export type Member = { readonly actor: Actor; readonly topics: readonly string[]; onRebalance(generation: number): void }

/**
 * The coordinator of a consumer group, eager as Kafka's classic protocol: all members finish what they hold and join again, then all is
 * assigned anew under a new generation. A member that does not answer is expelled when its session expires.
 */
export interface Group {
  readonly offsets: Map<string, CommittedOffset>
  join(member: Member, answer: Answer<Assignment>): void
  leave(member: Member): void
  /** The session expires: the others go on without it, whatever it believes. */
  expire(member: Member): void
  rebalance(): void
  isMember(member: Member, generation: number): boolean
  /** Throws FencedError for whoever is not, or no longer, a member of this generation. */
  commit(member: Member, generation: number, tp: TopicPartition, committed: CommittedOffset): void
  members(): readonly Member[]
  isStable(): boolean
}

export function createGroup(scheduler: Scheduler, partitionsOf: (topic: string) => readonly TopicPartition[]): Group {
  const offsets = new Map<string, CommittedOffset>()
  const members = new Set<Member>()
  const joining = new Map<Member, Answer<Assignment>>()
  let generation = 0
  let rebalancing = false

  function rebalance(): void {
    if (!rebalancing) {
      rebalancing = true
      const known = generation
      for (const member of members)
        if (!joining.has(member)) scheduler.park(member.actor, `${member.actor.name} hears of a rebalance`, () => member.onRebalance(known))
    }
    assignWhenAllJoined()
  }

  function assignWhenAllJoined(): void {
    if (!rebalancing || members.size === 0 || [...members].some((member) => !joining.has(member))) return
    rebalancing = false
    generation++
    const inOrder = [...members]
    const topics = [...new Set(inOrder.flatMap((member) => member.topics))].sort()
    const shares = new Map<Member, TopicPartition[]>(inOrder.map((member) => [member, []]))
    let turn = 0
    for (const topic of topics) {
      const subscribers = inOrder.filter((member) => member.topics.includes(topic))
      for (const tp of partitionsOf(topic)) shares.get(subscribers[turn++ % subscribers.length]!)!.push(tp)
    }
    for (const [member, share] of shares) joining.get(member)!.give({ generation, share })
    joining.clear()
  }

  function remove(member: Member): void {
    joining.delete(member)
    if (!members.delete(member)) return
    if (members.size > 0) rebalance()
    else rebalancing = false
  }

  const isMember = (member: Member, since: number) => members.has(member) && since === generation

  const group: Group = {
    offsets,
    join(member, answer) {
      // Its process died with the request on its way: nobody would ever hear of the session.
      if (!answer.isWanted()) return
      members.add(member)
      joining.set(member, answer)
      rebalance()
    },
    leave: remove,
    expire(member) {
      const pending = joining.get(member)
      remove(member)
      const known = generation
      scheduler.park(member.actor, `${member.actor.name} hears that it was expelled`, () => {
        member.onRebalance(known)
        // Whoever waits for its share is answered that it is no member, and asks again.
        if (pending !== undefined) group.join(member, pending)
      })
    },
    rebalance,
    isMember,
    commit(member, since, tp, committed) {
      if (!isMember(member, since)) throw new FencedError(`not a member that owns ${tp.topic}-${tp.partition} in generation ${generation}`)
      offsets.set(`${tp.topic}-${tp.partition}`, committed)
    },
    members: () => [...members],
    isStable: () => !rebalancing,
  }
  return group
}
