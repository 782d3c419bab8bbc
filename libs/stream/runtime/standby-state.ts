/**
 * What a standby knows of the partition that another member works on, as a state and what may follow it. Nothing here reads the log or
 * waits: `partition-standby.ts` does, and asks here what is to be made of it.
 *
 *   empty ──begun──▶ begun ──followed──▶ following ──▶ (folded, raised: following still)
 *     ▲                │                     │
 *     └────────────────┴──── discarded ──────┘        from anywhere: released, which is the end
 */
import type { CommittedOffset } from '#lib/stream/log.ts'
import type { Fold } from './fold.ts'
import { parseMetadata } from './offset-metadata.ts'

/** A state made ready: every visible record from its beginning up to `position` is folded. */
export type WarmState<In, Out> = Readonly<{
  fold: Fold<In, Out>
  position: number
  /** Everything from here on was still in the log when it was last asked: what was read before then had no holes. */
  heldFrom: number
}>

/** `limit`: where the group stood when it was last asked; what it has not committed may yet be done otherwise, and is not folded. */
type Kept<In, Out> = Readonly<{ warm: WarmState<In, Out>; limit: number }>

/**
 * `isWarm`: as far as the group was when it was last asked; or there is nothing to go by, and whoever takes over begins as it would alone.
 * It outlasts a state that is being put down until it is known what comes in its place.
 */
export type StandbyState<In, Out> = Readonly<{ isWarm: boolean }> &
  (
    | Readonly<{ type: 'empty' }>
    /** The state is there, but nothing follows the log for it yet. Whoever looks and finds it so begins anew. */
    | (Readonly<{ type: 'begun' }> & Kept<In, Out>)
    | (Readonly<{ type: 'following' }> & Kept<In, Out>)
    | Readonly<{ type: 'released' }>
  )

export type StandbyEvent<In, Out> =
  /** Nothing is committed, or what is committed is for the one who takes over to judge. */
  | Readonly<{ type: 'nothing to go by' }>
  | Readonly<{ type: 'discarded' }>
  | (Readonly<{ type: 'begun' }> & Kept<In, Out>)
  | Readonly<{ type: 'followed' }>
  /** The group has committed up to `limit`, which the state fits. `heldFrom`: where the state stood before the log was asked. */
  | Readonly<{ type: 'raised'; limit: number; heldFrom: number }>
  /** `fold` tells whose records these were: by now another state may be kept. */
  | Readonly<{ type: 'folded'; fold: Fold<In, Out>; position: number }>
  | Readonly<{ type: 'released' }>

/** What a state that has something in hand holds, else null. */
export const keptBy = <In, Out>(state: StandbyState<In, Out>): Kept<In, Out> | null =>
  state.type === 'begun' || state.type === 'following' ? state : null

export function next<In, Out>(state: StandbyState<In, Out>, event: StandbyEvent<In, Out>): StandbyState<In, Out> {
  if (state.type === 'released') return state
  switch (event.type) {
    case 'nothing to go by':
      return { type: 'empty', isWarm: true }
    case 'discarded':
      return { type: 'empty', isWarm: state.isWarm }
    case 'begun':
      return { type: 'begun', warm: event.warm, limit: event.limit, isWarm: event.warm.position >= event.limit }
    case 'released':
      return { type: 'released', isWarm: state.isWarm }
    default:
      return state.type === 'empty' ? state : nextKept(state, event)
  }
}

type Keeping<In, Out> = Extract<StandbyState<In, Out>, { type: 'begun' | 'following' }>
type KeptEvent<In, Out> = Extract<StandbyEvent<In, Out>, { type: 'followed' | 'raised' | 'folded' }>

function nextKept<In, Out>(state: Keeping<In, Out>, event: KeptEvent<In, Out>): Keeping<In, Out> {
  switch (event.type) {
    case 'followed':
      return { ...state, type: 'following' }
    case 'raised':
      // Warm by the limit it was given before: the new one is only where it has to go from here.
      return {
        ...state,
        warm: { ...state.warm, heldFrom: event.heldFrom },
        limit: event.limit,
        isWarm: state.warm.position >= state.limit,
      }
    case 'folded':
      if (event.fold !== state.warm.fold) return state
      return { ...state, warm: { ...state.warm, position: event.position }, isWarm: state.isWarm || event.position >= state.limit }
  }
}

/** What the group has committed, and what the log holds of the partition: `first` is its oldest offset, `next` the one after its newest. */
export type Looked = Readonly<{ committed: CommittedOffset | null; first: number; next: number }>

/** What is to be done about what the group has committed by now. */
export type Verdict =
  | Readonly<{ type: 'nothing to go by' }>
  /** `discards`: what was kept so far does not fit. */
  | Readonly<{ type: 'begin anew'; committed: CommittedOffset; discards: boolean }>
  | Readonly<{ type: 'go on'; committed: CommittedOffset }>

export function judge<In, Out>(state: StandbyState<In, Out>, { committed, first, next }: Looked): Verdict {
  if (committed === null || !isRestorable(committed, first, next)) return { type: 'nothing to go by' }
  if (state.type === 'following' && fits(state.warm, committed, first)) return { type: 'go on', committed }
  return { type: 'begin anew', committed, discards: keptBy(state) !== null }
}

/** Whether a restore could go by this commit: written by a fold, and about what the log still holds. */
const isRestorable = ({ offset, metadata }: CommittedOffset, first: number, next: number): boolean =>
  first <= offset && offset <= next && parseMetadata(metadata) !== null

/**
 * Whether a state is what a restore from this commit would come to, or is on its way there: it went through the very point that the commit
 * names, does not reach beyond the commit, and missed nothing that the log has deleted. `first`: the oldest offset the log holds.
 */
export function fits<In, Out>({ fold, position, heldFrom }: WarmState<In, Out>, committed: CommittedOffset, first: number): boolean {
  const checkpoint = parseMetadata(committed.metadata)
  return checkpoint !== null && position <= committed.offset && first <= heldFrom && fold.passed(checkpoint)
}
