/**
 * What a member does while it has no partitions, and what it brings from there, as a state and what may follow it. `hand-over.ts` begins
 * and releases the standby that it names.
 *
 *   working ──stood by──▶ standing by ──released──▶ working      from anywhere: ended, which is the end
 */
import type { Standby } from './standby.ts'
import type { WarmState } from './standby-state.ts'

export type WarmStates<In, Out> = ReadonlyMap<number, WarmState<In, Out>>

export type HandOverState<In, Out> =
  /** It has partitions, or none is worth a standby. `ready`: states that a standby has handed over and nobody has taken yet. */
  | Readonly<{ type: 'working'; ready: WarmStates<In, Out> }>
  | Readonly<{ type: 'standing by'; standby: Standby<In, Out> }>
  | Readonly<{ type: 'ended'; ready: WarmStates<In, Out> }>

export type HandOverEvent<In, Out> =
  | Readonly<{ type: 'stood by'; standby: Standby<In, Out> }>
  /** The standby gave its states away; those of the partitions that are ours now are worth keeping. */
  | Readonly<{ type: 'released'; states: WarmStates<In, Out>; assigned: readonly number[] }>
  | Readonly<{ type: 'taken'; partition: number }>
  | Readonly<{ type: 'ended' }>

export const nothingReady: WarmStates<never, never> = new Map()

export function next<In, Out>(state: HandOverState<In, Out>, event: HandOverEvent<In, Out>): HandOverState<In, Out> {
  switch (event.type) {
    case 'stood by':
      return state.type === 'working' ? { type: 'standing by', standby: event.standby } : state
    case 'released':
      return state.type === 'standing by' ? { type: 'working', ready: only(event.assigned, event.states) } : state
    case 'taken':
      return state.type === 'standing by' ? state : { ...state, ready: without(event.partition, state.ready) }
    case 'ended':
      return { type: 'ended', ready: readyIn(state) }
  }
}

/** States to be taken; a standby that is not released yet has none to give. */
export const readyIn = <In, Out>(state: HandOverState<In, Out>): WarmStates<In, Out> =>
  state.type === 'standing by' ? nothingReady : state.ready

const only = <In, Out>(partitions: readonly number[], states: WarmStates<In, Out>): WarmStates<In, Out> =>
  new Map([...states].filter(([partition]) => partitions.includes(partition)))

const without = <In, Out>(taken: number, states: WarmStates<In, Out>): WarmStates<In, Out> =>
  new Map([...states].filter(([partition]) => partition !== taken))
