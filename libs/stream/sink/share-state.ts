/**
 * What a member has in hand of one partition, as a state and what may follow it. `share.ts` takes, writes, pauses and commits, and tells
 * here what became of it.
 *
 *   resting ──taken──▶ writing ──written──▶ resting, or writing the next
 *   resting ──idling─▶ idling  ──idled────▶ resting, or writing what came meanwhile       from anywhere: closed, which is the end
 */
import type { FetchedBatch } from '#lib/stream/log.ts'

type Known = Readonly<{
  /** A batch was taken: from here on they follow one another. */
  hasBegun: boolean
  isPaused: boolean
  /** How far it is durable, and committed. */
  committed: number
}>
type Batches = readonly FetchedBatch[]

export type ShareState = Known &
  (
    | Readonly<{ type: 'resting' }>
    /** `inHand` is in the sink's hands, `waiting` is behind it. */
    | Readonly<{ type: 'writing'; inHand: FetchedBatch; waiting: Batches }>
    /** The sink finishes what time alone finishes. */
    | Readonly<{ type: 'idling'; waiting: Batches }>
    /** The partition is no longer ours, or its sink has failed: nothing is written or committed any more. */
    | Readonly<{ type: 'closed'; undone: Batches }>
  )

export type ShareEvent =
  | Readonly<{ type: 'taken'; batch: FetchedBatch }>
  | Readonly<{ type: 'written' }>
  | Readonly<{ type: 'idling' }>
  | Readonly<{ type: 'idled' }>
  | Readonly<{ type: 'committed'; offset: number }>
  | Readonly<{ type: 'paused' }>
  | Readonly<{ type: 'resumed' }>
  | Readonly<{ type: 'closed' }>

export const assignedShare: ShareState = { type: 'resting', hasBegun: false, isPaused: false, committed: 0 }

/** From this many batches on that are not written, the partition is paused. */
export const maxQueued = 2

export function next(state: ShareState, event: ShareEvent): ShareState {
  switch (event.type) {
    case 'taken':
      return taken(state, event.batch)
    case 'written':
      return state.type === 'writing' || state.type === 'closed' ? holding(state, queueOf(state).slice(1)) : state
    case 'idling':
      return state.type === 'resting' ? { ...known(state), type: 'idling', waiting: [] } : state
    case 'idled':
      return state.type === 'idling' ? holding({ ...known(state), type: 'resting' }, state.waiting) : state
    case 'committed':
      return { ...state, committed: event.offset }
    case 'paused':
      return { ...state, isPaused: true }
    case 'resumed':
      return { ...state, isPaused: false }
    case 'closed':
      return { ...known(state), type: 'closed', undone: queueOf(state) }
  }
}

/** All that was taken and is not written, in order. */
export function queueOf(state: ShareState): Batches {
  switch (state.type) {
    case 'resting':
      return []
    case 'writing':
      return [state.inHand, ...state.waiting]
    case 'idling':
      return state.waiting
    case 'closed':
      return state.undone
  }
}

/** Where the group stands was read twice, by us and by the client: what the sink was opened with counts. */
export const mustSeek = ({ hasBegun }: ShareState, startsAt: number | null, batch: Pick<FetchedBatch, 'position'>): boolean =>
  !hasBegun && startsAt !== null && batch.position !== startsAt

export const isFull = (state: ShareState): boolean => queueOf(state).length >= maxQueued
export const mayPause = (state: ShareState): boolean => state.type !== 'closed' && !state.isPaused && isFull(state)
export const mayResume = (state: ShareState): boolean => state.type !== 'closed' && state.isPaused && !isFull(state)

const known = ({ hasBegun, isPaused, committed }: ShareState): Known => ({ hasBegun, isPaused, committed })

function taken(state: ShareState, batch: FetchedBatch): ShareState {
  const begun = { ...state, hasBegun: true }
  return begun.type === 'idling' ? { ...begun, waiting: [...begun.waiting, batch] } : holding(begun, [...queueOf(begun), batch])
}

/** The same with these batches to be written: at rest where there are none. */
function holding(state: ShareState, queue: Batches): ShareState {
  if (state.type === 'closed') return { ...state, undone: queue }
  const [inHand, ...waiting] = queue
  return inHand === undefined ? { ...known(state), type: 'resting' } : { ...known(state), type: 'writing', inHand, waiting }
}
