import type { Notification } from '#schemas/types.ts'
import { type Delivery, type DeliveryEvent, deliveryOf, next as nextOf } from './delivery.ts'
import { plan, postsInWindow } from './desk-plan.ts'
import type { DeskEvent, DeskItem, DeskState, Facts, Pace, Step } from './desk-state.ts'
import { nonceOf } from './nonce.ts'
import type { Posting } from './place.ts'

/**
 * The desk after an event. A step is under way until its own event comes; what is taken or told meanwhile waits for that. Throws where a
 * step is answered that is not under way.
 */
export function next<Item extends DeskItem>(state: DeskState<Item>, event: DeskEvent<Item>, facts: Facts): DeskState<Item> {
  if (event.type === 'taken') return taken(state, event.item, event.newest)
  if (event.type === 'told to stop') return { ...state, isStopping: true }
  const { step } = state
  switch (step.type) {
    case 'rest':
      if (event.type === 'rested') return plan(state, facts)
      break
    case 'look':
      if (event.type === 'looked') return looked(state, step.id, event.messageId, facts)
      if (event.type === 'could not look') return plan({ ...state, pace: troubled(state.pace, event.problem, facts) }, facts)
      break
    case 'check':
      if (event.type === 'checked') return checked(state, step.id, event.isThere, facts)
      break
    case 'claim':
      if (event.type === 'claimed') return claimed(state, step, event.lost, facts)
      break
    case 'post':
      if (event.type === 'answered') return answered(state, step.ids, event.posting, facts)
      break
    case 'record':
      if (event.type === 'recorded') return recorded(state, facts)
      break
    case 'settle':
      if (event.type === 'settled') return plan({ ...state, queue: state.queue.filter(({ delivery }) => delivery.type !== 'over') }, facts)
      break
  }
  throw new Error(`a desk at step ${step.type} cannot have ${event.type}`)
}

/** What comes again while it is in hand, after a rejoin, is known by its newest coming. */
function taken<Item extends DeskItem>(state: DeskState<Item>, item: Item, newest: Notification | undefined): DeskState<Item> {
  const isInHand = state.queue.some((entry) => entry.item.id === item.id)
  const queue = isInHand
    ? state.queue.map((entry) => (entry.item.id === item.id ? { ...entry, item } : entry))
    : [...state.queue, { item, delivery: deliveryOf(newest) }]
  return { ...state, queue }
}

function looked<Item extends DeskItem>(state: DeskState<Item>, id: string, messageId: string | null, facts: Facts): DeskState<Item> {
  return plan(after(state, [id], messageId === null ? { type: 'not found' } : { type: 'found', messageId }, facts), facts)
}

function checked<Item extends DeskItem>(state: DeskState<Item>, id: string, isThere: boolean | null, facts: Facts): DeskState<Item> {
  if (isThere === false) {
    const detail = 'gone from the market before it was posted'
    return plan(after(state, [id], { type: 'dropped', status: 'gone', detail }, facts), facts)
  }
  // It took time: what people said or what ran out meanwhile counts.
  const item = state.queue.find((entry) => entry.item.id === id)?.item
  if (state.isStopping || item?.isCurrent() !== true || item.silence() !== null || facts.now > item.expiresAt) return plan(state, facts)
  return { ...state, step: { type: 'claim', ids: [id], as: 'sent', reference: nonceOf(id, facts.place.name) } }
}

/** All or none: what is ours beside what is another's is given back, to be picked again. */
function claimed<Item extends DeskItem>(
  state: DeskState<Item>,
  { ids, as, reference }: Extract<Step, { type: 'claim' }>,
  lost: ReadonlyMap<string, Notification | undefined>,
  facts: Facts,
): DeskState<Item> {
  const afterwards = ids.reduce((before, id) => {
    const event: DeliveryEvent = lost.has(id) ? { type: 'lost', newest: lost.get(id) } : { type: 'claimed', as, reference }
    return after(before, [id], event, facts)
  }, state)
  const won = ids.filter((id) => !lost.has(id))
  if (lost.size > 0 || isSilenced(state, won)) return plan(after(afterwards, won, { type: 'withdrawn' }, facts), facts)
  const isFull = as === 'sent'
  const fullPosts = isFull ? [...postsInWindow(state, facts), facts.monotonic] : state.pace.fullPosts
  return { ...afterwards, pace: { ...state.pace, fullPosts }, step: { type: 'post', ids, as, reference } }
}

function answered<Item extends DeskItem>(state: DeskState<Item>, ids: readonly string[], posting: Posting, facts: Facts): DeskState<Item> {
  const pace = paceAfter(state.pace, posting, facts)
  return plan({ ...after(state, ids, { type: 'answered', posting, at: facts.now }, facts), pace }, facts)
}

function recorded<Item extends DeskItem>(state: DeskState<Item>, facts: Facts): DeskState<Item> {
  const ids = state.queue.filter(({ delivery }) => delivery.type === 'recording').map(({ item }) => item.id)
  return plan(after(state, ids, { type: 'recorded' }, facts), facts)
}

function paceAfter(pace: Pace, posting: Posting, facts: Facts): Pace {
  switch (posting.type) {
    case 'posted':
      return { ...pace, failures: 0, trouble: null }
    case 'refused':
      return { ...pace, trouble: { problem: posting.problem } }
    case 'limited':
      return { ...pace, blockedUntil: facts.monotonic + posting.retryAfterMillis }
    case 'unsent':
    case 'unknown':
      return troubled(pace, posting.problem, facts)
  }
}

function troubled(pace: Pace, problem: string, { monotonic, backoffMillis }: Facts): Pace {
  const failures = pace.failures + 1
  return { ...pace, failures, blockedUntil: Math.max(pace.blockedUntil, monotonic + backoffMillis(failures)), trouble: { problem } }
}

function after<Item extends DeskItem>(
  state: DeskState<Item>,
  ids: readonly string[],
  event: DeliveryEvent,
  { place: { recall } }: Facts,
): DeskState<Item> {
  const concerned = new Set(ids)
  const afterwards = (id: string, delivery: Delivery) => (concerned.has(id) ? nextOf(delivery, event, recall) : delivery)
  return { ...state, queue: state.queue.map(({ item, delivery }) => ({ item, delivery: afterwards(item.id, delivery) })) }
}

const isSilenced = <Item extends DeskItem>({ queue }: DeskState<Item>, ids: readonly string[]): boolean =>
  queue.some(({ item }) => ids.includes(item.id) && item.silence() !== null)
