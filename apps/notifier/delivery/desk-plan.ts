import { type Delivery, type DeliveryEvent, next as nextOf } from './delivery.ts'
import type { DeskItem, DeskState, Entry, Facts, Step } from './desk-state.ts'
import { nonceOf } from './nonce.ts'

const windowMillis = 5_000

const recording: Step = { type: 'record' }

/**
 * The step that comes next, in this order: what is certain becomes durable, and is settled; what nobody is to see any more is given up;
 * what is in doubt is looked for; the best is posted, or a digest where many came at once.
 */
export function plan<Item extends DeskItem>(before: DeskState<Item>, facts: Facts): DeskState<Item> {
  if (has(before, 'recording')) return { ...before, step: recording }
  if (has(before, 'over')) return { ...before, step: { type: 'settle' } }
  if (before.isStopping) return { ...before, step: { type: 'stop' } }
  const state = givenUp({ ...before, queue: before.queue.filter(({ item }) => item.isCurrent()) }, facts)
  if (has(state, 'recording')) return { ...state, step: recording }
  return { ...state, step: isBlocked(state, facts) ? rest(state, facts) : (look(state, facts) ?? post(state, facts) ?? rest(state, facts)) }
}

const isBlocked = <Item extends DeskItem>({ pace }: DeskState<Item>, { monotonic }: Facts): boolean => monotonic < pace.blockedUntil

/** Why nobody is to see it any more; null: somebody may. */
function reasonToDrop({ silence, expiresAt }: DeskItem, { now }: Facts): Extract<DeliveryEvent, { type: 'dropped' }> | null {
  const silenced = silence()
  if (silenced?.type === 'drop') return { type: 'dropped', status: 'muted', detail: silenced.reason }
  if (silenced?.type === 'limit') return { type: 'dropped', status: 'limited', detail: silenced.reason }
  return now > expiresAt ? { type: 'dropped', status: 'expired', detail: silenced?.reason ?? 'past its deadline' } : null
}

/** What is in doubt is looked for before it is dropped: it may have been shown. */
function givenUp<Item extends DeskItem>(state: DeskState<Item>, facts: Facts): DeskState<Item> {
  const { recall } = facts.place
  const afterwards = ({ item, delivery }: Entry<Item>): Delivery => {
    if (delivery.type === 'doubtful' && recall !== 'look') return nextOf(delivery, { type: 'cannot be looked for' }, recall)
    const drop = delivery.type === 'open' ? reasonToDrop(item, facts) : null
    return drop === null ? delivery : nextOf(delivery, drop, recall)
  }
  return { ...state, queue: state.queue.map((entry) => ({ ...entry, delivery: afterwards(entry) })) }
}

/** What is to be dropped may be said at once; what is held back may wait in doubt. */
function look<Item extends DeskItem>({ queue }: DeskState<Item>, facts: Facts): Step | null {
  for (const { item, delivery } of bestFirst(queue))
    if (delivery.type === 'doubtful' && (reasonToDrop(item, facts) !== null || item.silence() === null))
      return { type: 'look', id: item.id, reference: delivery.reference, since: delivery.since }
  return null
}

function post<Item extends DeskItem>(state: DeskState<Item>, facts: Facts): Step | null {
  const ready = bestFirst(state.queue).filter(({ item, delivery }) => delivery.type === 'open' && item.silence() === null)
  const first = ready.find(({ delivery }) => delivery.type === 'open' && delivery.isCleared) ?? ready[0]
  if (first === undefined) return null
  const summedUp = ready.filter(({ item }) => item.canBeSummedUp)
  const isFull = postsInWindow(state, facts).length >= facts.fullPerWindow
  if (!isFull || summedUp.length < 2 || (first.delivery.type === 'open' && first.delivery.isCleared))
    return { type: 'check', id: first.item.id }
  const ids = summedUp.map(({ item }) => item.id)
  return { type: 'claim', ids, as: 'coalesced', reference: nonceOf([...ids].sort().join(' '), facts.place.name) }
}

/** A moment later than any deadline or pause: at once would be too early by less than a millisecond. */
function rest<Item extends DeskItem>({ queue, pace }: DeskState<Item>, { now, monotonic }: Facts): Step {
  const waits = [pace.blockedUntil - monotonic, ...queue.map(({ item }) => item.expiresAt + 1 - now)].filter((millis) => millis > 0)
  return { type: 'rest', millis: Math.max(1, Math.min(...waits)) }
}

export const postsInWindow = <Item extends DeskItem>({ pace }: DeskState<Item>, { monotonic }: Facts): readonly number[] =>
  pace.fullPosts.filter((at) => at > monotonic - windowMillis)

const has = <Item extends DeskItem>({ queue }: DeskState<Item>, type: Delivery['type']): boolean =>
  queue.some(({ delivery }) => delivery.type === type)

const bestFirst = <Item extends DeskItem>(queue: readonly Entry<Item>[]): Entry<Item>[] =>
  [...queue].sort((a, b) => b.item.rank - a.item.rank)
