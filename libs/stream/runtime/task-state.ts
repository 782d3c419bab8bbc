/**
 * Where the work on one input partition stands, as a state and what may follow it. Nothing here reads, writes or waits: `take-over.ts` and
 * `batch-work.ts` do, and tell here what became of it.
 *
 *   nowhere ──begun──▶ standing ──folded──▶ holding ──settled──▶ standing
 *      ▲                  │                    │
 *      └──── discarded ───┴────────────────────┘        the state may be half changed: only the log knows it then
 */
import { FatalError } from '#lib/errors/errors.ts'
import type { CommittedOffset } from '#lib/stream/log.ts'
import type { Fold } from './fold.ts'
import type { FoldedSlice } from './slice.ts'

/** A slice folded and not known to be committed. `before`: the offset that was committed before it. */
export type Pending = Readonly<{ slice: FoldedSlice; before: number | null; committed: CommittedOffset }>

/** Records before `until` are folded silently: the group has committed what they came to. `begun`: by the monotonic clock. */
export type Restore = Readonly<{ until: number; begun: number; records: number }>

/** `position`: every visible record before this offset is folded. `restore`: null once the state is as far as the group was. */
type Held<In, Out> = Readonly<{ fold: Fold<In, Out>; position: number; restore: Restore | null }>

export type TaskState<In, Out> =
  /** No state: it is not known yet where to begin, or the first record will tell. */
  | Readonly<{ type: 'nowhere' }>
  /** Everything that was folded is committed, as far as we know: up to `committed`, or nothing ever. */
  | (Held<In, Out> & Readonly<{ type: 'standing'; committed: number | null }>)
  /** A slice is folded, and its commit was not tried yet, is under way, or came to nobody knows what. */
  | (Held<In, Out> & Readonly<{ type: 'holding'; pending: Pending }>)

export type Begun<In, Out> = Held<In, Out> & Readonly<{ type: 'begun'; committed: number | null }>

export type TaskEvent<In, Out> =
  | Begun<In, Out>
  | Readonly<{ type: 'discarded' }>
  /** The log deleted what was before `to`. */
  | Readonly<{ type: 'passed over'; to: number }>
  | Readonly<{ type: 'folded silently'; position: number; records: number }>
  | Readonly<{ type: 'restored' }>
  | Readonly<{ type: 'folded'; position: number; slice: FoldedSlice; metadata: string }>
  | Readonly<{ type: 'settled'; pending: Pending }>
  /** Nothing visible lies before `nextOffset` that is not folded. */
  | Readonly<{ type: 'done'; nextOffset: number }>

type HeldState<In, Out> = Extract<TaskState<In, Out>, { type: 'standing' | 'holding' }>
type HeldEvent<In, Out> = Exclude<TaskEvent<In, Out>, { type: 'begun' | 'discarded' }>

export function next<In, Out>(state: TaskState<In, Out>, event: TaskEvent<In, Out>): TaskState<In, Out> {
  if (event.type === 'discarded') return { type: 'nowhere' }
  if (event.type === 'begun') return { ...event, type: 'standing' }
  return state.type === 'nowhere' ? state : nextHeld(state, event)
}

function nextHeld<In, Out>(state: HeldState<In, Out>, event: HeldEvent<In, Out>): HeldState<In, Out> {
  switch (event.type) {
    case 'passed over':
      return { ...state, position: event.to }
    case 'folded silently': {
      const restore = state.restore && { ...state.restore, records: state.restore.records + event.records }
      return { ...state, position: event.position, restore }
    }
    case 'restored':
      return { ...state, restore: null }
    case 'folded':
      return holding(state, event)
    case 'settled':
      return state.type === 'holding' && state.pending === event.pending ? settled(state) : state
    case 'done':
      return { ...state, position: Math.max(state.position, event.nextOffset) }
  }
}

function holding<In, Out>(
  state: HeldState<In, Out>,
  { position, slice, metadata }: Extract<TaskEvent<In, Out>, { type: 'folded' }>,
): HeldState<In, Out> {
  if (state.type === 'holding') throw new FatalError('a slice was folded behind one that is not known to be committed')
  const { fold, restore, committed: before } = state
  return { type: 'holding', fold, position, restore, pending: { slice, before, committed: { offset: position, metadata } } }
}

const settled = <In, Out>({ fold, position, restore, pending }: Extract<TaskState<In, Out>, { type: 'holding' }>): HeldState<In, Out> => ({
  type: 'standing',
  fold,
  position,
  restore,
  committed: pending.committed.offset,
})

/** The restore that has come as far as the group was, and is to be ended. Null: there is none, or it goes on. */
export const endedRestore = <In, Out>(state: TaskState<In, Out>): Restore | null =>
  state.type !== 'nowhere' && state.restore !== null && state.position >= state.restore.until ? state.restore : null

/**
 * After a take-over the committed offset is final. What we hold is still right in three cases: what we had folded and not seen committed
 * was committed after all, or it was not and can be sent again as it is, or there was none and nobody moved the offset since. The state is
 * a function of the log up to its position, so it does not matter who committed.
 */
export function reconcile<In, Out>(state: TaskState<In, Out>, committed: number | null): 'was committed' | 'still right' | 'begin anew' {
  if (state.type === 'nowhere') return 'begin anew'
  if (state.type === 'holding' && committed === state.pending.committed.offset) return 'was committed'
  return committed === (state.type === 'holding' ? state.pending.before : state.committed) ? 'still right' : 'begin anew'
}
