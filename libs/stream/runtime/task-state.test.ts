import { describe, expect, it } from 'vitest'
import { FatalError } from '#lib/errors/errors.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum } from '#lib/stream/testing/window-processor.ts'
import { createFold } from './fold.ts'
import { endedRestore, next, type Pending, reconcile, type TaskEvent, type TaskState } from './task-state.ts'

type State = TaskState<WindowEvent, WindowSum>
type Event = TaskEvent<WindowEvent, WindowSum>

const fold = createFold(createWindowProcessor('out'), { offset: 0, clock: null, carry: undefined })
const other = createFold(createWindowProcessor('out'), { offset: 0, clock: null, carry: undefined })
const slice = { outputs: [], done: [], tally: [] }
const restore = { until: 20, begun: 1_000, records: 3 }
const pending: Pending = { slice, before: 10, committed: { offset: 15, metadata: 'm' } }
const firstEver: Pending = { ...pending, before: null }

const states = {
  nowhere: [{ type: 'nowhere' }],
  standing: [
    { type: 'standing', fold, position: 15, committed: 15, restore: null },
    { type: 'standing', fold, position: 15, committed: null, restore: null },
    { type: 'standing', fold, position: 15, committed: 20, restore },
  ],
  holding: [
    { type: 'holding', fold, position: 15, pending, restore: null },
    { type: 'holding', fold, position: 15, pending: firstEver, restore: null },
    { type: 'holding', fold, position: 25, pending, restore },
  ],
} as const satisfies { readonly [Type in State['type']]: readonly Extract<State, { type: Type }>[] }
const events: { readonly [Type in Event['type']]: Extract<Event, { type: Type }> } = {
  begun: { type: 'begun', fold: other, position: 4, committed: 9, restore: { until: 9, begun: 0, records: 0 } },
  discarded: { type: 'discarded' },
  'passed over': { type: 'passed over', to: 18 },
  'folded silently': { type: 'folded silently', position: 17, records: 2 },
  restored: { type: 'restored' },
  folded: { type: 'folded', position: 19, slice, metadata: 'n' },
  settled: { type: 'settled', pending },
  done: { type: 'done', nextOffset: 30 },
}
const assigned = [...states.standing, ...states.holding]
const all: readonly State[] = [...states.nowhere, ...assigned]

describe('the work on a partition', () => {
  it.each(all)('from $type begins with what it is given, and is nowhere once its state is discarded', (state) => {
    const { type: _, ...begun } = events.begun
    expect(next(state, events.begun)).toEqual({ type: 'standing', ...begun })
    expect(next(state, events.discarded)).toEqual({ type: 'nowhere' })
  })

  it.each(Object.values(events).filter(({ type }) => type !== 'begun'))('stays nowhere until it begins, whatever comes: $type', (event) => {
    for (const state of states.nowhere) expect(next(state, event)).toEqual({ type: 'nowhere' })
  })

  it.each(assigned)('from $type moves its position by what is deleted and by what is done, by the latter never back', (state) => {
    expect(next(state, events['passed over'])).toEqual({ ...state, position: 18 })
    expect(next(state, events.done)).toEqual({ ...state, position: 30 })
    expect(next(state, { type: 'done', nextOffset: 1 })).toEqual(state)
  })

  it.each(assigned)('from $type counts what it folds silently, for as long as it restores', (state) => {
    const counted = state.restore === null ? null : { ...restore, records: 5 }
    expect(next(state, events['folded silently'])).toEqual({ ...state, position: 17, restore: counted })
    expect(next(state, events.restored)).toEqual({ ...state, restore: null })
  })

  it.each(states.standing)('holds what it folds until that is committed: $committed', (state) => {
    const holding = next(state, events.folded)
    const taken = { slice, before: state.committed, committed: { offset: 19, metadata: 'n' } }
    expect(holding).toEqual({ type: 'holding', fold, position: 19, restore: state.restore, pending: taken })
    if (holding.type !== 'holding') throw new Error('unreachable')
    expect(next(holding, { type: 'settled', pending: holding.pending })).toEqual({ ...state, position: 19, committed: 19 })
  })

  it.each(states.holding)('holds one slice at a time', (state) => {
    expect(() => next(state, events.folded)).toThrow(FatalError)
  })

  it('is not settled by what it does not hold', () => {
    for (const state of assigned) expect(next(state, { type: 'settled', pending: { ...pending } })).toBe(state)
  })
})

describe('a restore', () => {
  it('has ended once the state is as far as the group was', () => {
    for (const state of [...states.nowhere, ...assigned]) {
      const isBehind = state.type === 'standing' && state.restore !== null
      expect(endedRestore(state)).toBe(state.type === 'nowhere' || isBehind ? null : state.restore)
    }
    expect(endedRestore({ ...states.standing[2], position: 19 })).toBeNull()
    expect(endedRestore({ ...states.standing[2], position: 20 })).toBe(restore)
  })
})

describe('after a take-over', () => {
  const offsets = [null, 0, 10, 12, 15, 20]
  /** By what is committed now: that the state is still right, or that what it holds was committed after all. Else it begins anew. */
  const expected: readonly (readonly [State, Readonly<Record<string, string>>])[] = [
    [states.nowhere[0], {}],
    [states.standing[0], { 15: 'still right' }],
    [states.standing[1], { null: 'still right' }],
    [states.standing[2], { 20: 'still right' }],
    [states.holding[0], { 10: 'still right', 15: 'was committed' }],
    [states.holding[1], { null: 'still right', 15: 'was committed' }],
    [states.holding[2], { 10: 'still right', 15: 'was committed' }],
  ]

  it.each(expected)('the state is right only where the committed offset proves it: %o', (state, by) => {
    for (const committed of offsets)
      expect([committed, reconcile(state, committed)]).toEqual([committed, by[String(committed)] ?? 'begin anew'])
  })

  it('is judged so for every state there is', () => {
    expect(expected.map(([state]) => state)).toEqual(all)
  })
})
