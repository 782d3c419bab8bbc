/**
 * Where a member stands in its group, and how far each of its partitions is handed over, as a state and what may follow it.
 *
 *   apart ──assigned──▶ working ──drained──▶ draining ──assigned──▶ working (a new epoch)
 *     ▲                    │         └───left──▶ leaving
 *     └──── came back ──── expelled              from anywhere: out, which is the end
 */
import type { OffsetRange, TopicPartition } from '#lib/stream/log.ts'

/** How far one partition is handed over, as assigned now. */
export type Handover = Readonly<{
  partition: TopicPartition
  position: number
  seeks: number
  paused: boolean
  /** Deleted before it was read, and not handed over yet. */
  missing: OffsetRange | null
}>

export type HandoverEvent =
  /** The handler is done with a batch, or there was nothing visible on the way. */
  | Readonly<{ type: 'done' | 'nothing visible'; nextOffset: number }>
  /** The log begins at `first` now, beyond where this one stands. */
  | Readonly<{ type: 'overtaken'; first: number }>
  | Readonly<{ type: 'sought'; offset: number }>
  | Readonly<{ type: 'paused' | 'resumed' }>

type Held = Readonly<{ epoch: number; handovers: ReadonlyMap<string, Handover> }>

export type MemberState =
  /** Without partitions: it has not joined yet, or is on its way back. */
  | Readonly<{ type: 'apart' }>
  | (Readonly<{ type: 'working' }> & Held)
  /** Finishes the batches in hand for a rebalance. */
  | (Readonly<{ type: 'draining' }> & Held)
  /** Finishes them for good. */
  | (Readonly<{ type: 'leaving' }> & Held)
  /** The others go on without it; what it does counts no more. */
  | Readonly<{ type: 'expelled' }>
  | Readonly<{ type: 'out' }>

/** Hands no further batches over. */
export type Ending =
  | Readonly<{ type: 'drained' | 'left' }>
  /** `frozen`: it comes back when it learns of it; `dead`: never. */
  | Readonly<{ type: 'expelled'; fate: 'frozen' | 'dead' }>

export type MemberEvent =
  | Ending
  | Readonly<{ type: 'assigned'; epoch: number; handovers: readonly Handover[] }>
  | Readonly<{ type: 'came back' }>
  | Readonly<{ type: 'handed over'; partition: TopicPartition; event: HandoverEvent }>

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

export function next(state: MemberState, event: MemberEvent): MemberState {
  if (state.type === 'out') return state
  switch (event.type) {
    case 'assigned':
      return state.type === 'expelled' || state.type === 'leaving' ? state : assigned(event)
    case 'drained':
      return state.type === 'working' ? { ...state, type: 'draining' } : state
    case 'left':
      return isHolding(state) ? { ...state, type: 'leaving' } : { type: 'out' }
    case 'expelled':
      return { type: event.fate === 'dead' ? 'out' : 'expelled' }
    case 'came back':
      return state.type === 'expelled' ? { type: 'apart' } : state
    case 'handed over': {
      const handover = handoverOf(state, event.partition)
      if (!isHolding(state) || handover === null) return state
      return { ...state, handovers: new Map(state.handovers).set(keyOf(event.partition), nextHandover(handover, event.event)) }
    }
  }
}

export function nextHandover(handover: Handover, event: HandoverEvent): Handover {
  switch (event.type) {
    case 'done':
      return { ...handover, position: event.nextOffset, missing: null }
    case 'nothing visible':
      return { ...handover, position: event.nextOffset }
    case 'overtaken':
      return { ...handover, missing: { from: handover.missing?.from ?? handover.position, to: event.first } }
    case 'sought':
      return { ...handover, position: event.offset, seeks: handover.seeks + 1, missing: null }
    case 'paused':
      return { ...handover, paused: true }
    case 'resumed':
      return { ...handover, paused: false }
  }
}

/** Null: the partition is not this member's. */
export const handoverOf = (state: MemberState, partition: TopicPartition): Handover | null =>
  (isHolding(state) ? state.handovers.get(keyOf(partition)) : undefined) ?? null

export const handoversOf = (state: MemberState): readonly Handover[] => (isHolding(state) ? [...state.handovers.values()] : [])

/** Whether what was begun in this epoch may still have effects. */
export const belongs = (state: MemberState, epoch: number): boolean => isHolding(state) && state.epoch === epoch

/** The same, before any later seek. */
export const isCurrent = (state: MemberState, epoch: number, { partition, seeks }: Handover): boolean =>
  belongs(state, epoch) && handoverOf(state, partition)?.seeks === seeks

/** Whether it goes on being handed batches. */
export const isWorking = (state: MemberState, epoch: number): boolean => state.type === 'working' && state.epoch === epoch

const isHolding = (state: MemberState): state is Extract<MemberState, Held> => 'handovers' in state

const assigned = ({ epoch, handovers }: Extract<MemberEvent, { type: 'assigned' }>): MemberState => ({
  type: 'working',
  epoch,
  handovers: new Map(handovers.map((handover) => [keyOf(handover.partition), handover])),
})
