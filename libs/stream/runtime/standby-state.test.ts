import { describe, expect, it } from 'vitest'
import type { Input } from '#lib/stream/processor.ts'
import { createWindowProcessor, type WindowEvent, type WindowSum, windowHorizonMillis } from '#lib/stream/testing/window-processor.ts'
import { type Checkpoint, createFold } from './fold.ts'
import { formatMetadata, parseMetadata } from './offset-metadata.ts'
import { fits, judge, next, type StandbyEvent, type StandbyState, type WarmState } from './standby-state.ts'

type State = StandbyState<WindowEvent, WindowSum>
type Event = StandbyEvent<WindowEvent, WindowSum>
type Warm = WarmState<WindowEvent, WindowSum>

const processor = createWindowProcessor('out')
const beginning: Checkpoint = { offset: 0, clock: null, carry: undefined }
const warmState: Warm = { fold: createFold(processor, beginning), position: 10, heldFrom: 5 }
const other: Warm = { fold: createFold(processor, beginning), position: 30, heldFrom: 30 }

/** One of each, and each that differs in what it makes of an event: behind the limit or at it, warm or not yet told so. */
const states: { readonly [Type in State['type']]: readonly State[] } = {
  empty: [false, true].map((isWarm) => ({ type: 'empty', isWarm })),
  begun: [false, true].map((isWarm) => ({ type: 'begun', warm: warmState, limit: 20, isWarm })),
  following: [
    { type: 'following', warm: warmState, limit: 20, isWarm: false },
    { type: 'following', warm: warmState, limit: 20, isWarm: true },
    { type: 'following', warm: warmState, limit: 10, isWarm: true },
  ],
  released: [false, true].map((isWarm) => ({ type: 'released', isWarm })),
}
const events: { readonly [Type in Event['type']]: Extract<Event, { type: Type }> } = {
  'nothing to go by': { type: 'nothing to go by' },
  discarded: { type: 'discarded' },
  begun: { type: 'begun', warm: other, limit: 31 },
  followed: { type: 'followed' },
  raised: { type: 'raised', limit: 40, heldFrom: 8 },
  folded: { type: 'folded', fold: warmState.fold, position: 15 },
  released: { type: 'released' },
}
const keeping = [...states.begun, ...states.following]
const inForce = [...states.empty, ...keeping]

describe('a standby', () => {
  it.each(Object.values(events))('is released for ever, whatever comes: $type', (event) => {
    for (const state of states.released) expect(next(state, event)).toBe(state)
  })

  it.each(inForce)('from $type (warm: $isWarm) keeps nothing more once there is nothing to go by, or what it kept is put down', (state) => {
    expect(next(state, events['nothing to go by'])).toEqual({ type: 'empty', isWarm: true })
    expect(next(state, events.discarded)).toEqual({ type: 'empty', isWarm: state.isWarm })
    expect(next(state, events.released)).toEqual({ type: 'released', isWarm: state.isWarm })
  })

  it.each(inForce)('from $type (warm: $isWarm) begins with what it is given, warm where that is as far as the group', (state) => {
    expect(next(state, events.begun)).toEqual({ type: 'begun', warm: other, limit: 31, isWarm: false })
    expect(next(state, { ...events.begun, limit: 30 })).toEqual({ type: 'begun', warm: other, limit: 30, isWarm: true })
  })

  it.each([events.followed, events.raised, events.folded])('hears nothing of a state that it does not keep: $type', (event) => {
    for (const state of states.empty) expect(next(state, event)).toBe(state)
  })

  it.each(keeping)('from $type (warm: $isWarm) follows the log', (state) => {
    expect(next(state, events.followed)).toEqual({ ...state, type: 'following' })
  })

  it.each(keeping)(
    'from $type (warm: $isWarm) folds on, and is warm once it is at the limit, and for as long as that is not raised',
    (state) => {
      const isAtLimit = 'limit' in state && state.limit <= 15
      expect(next(state, events.folded)).toEqual({ ...state, warm: { ...warmState, position: 15 }, isWarm: state.isWarm || isAtLimit })
      expect(next(state, { ...events.folded, position: 20 })).toEqual({ ...state, warm: { ...warmState, position: 20 }, isWarm: true })
    },
  )

  it.each(keeping)('from $type (warm: $isWarm) is not moved on by records that were folded into another state', (state) => {
    expect(next(state, { ...events.folded, fold: other.fold })).toBe(state)
  })

  it.each(keeping)('from $type (warm: $isWarm) is given a new limit, and is warm where it had reached the one before', (state) => {
    const hadReached = 'limit' in state && state.limit === warmState.position
    expect(next(state, events.raised)).toEqual({ ...state, warm: { ...warmState, heldFrom: 8 }, limit: 40, isWarm: hadReached })
  })
})

const inputs = Array.from(
  { length: 50 },
  (_, offset): Input<WindowEvent> => ({
    value: { type: 'add', id: `${offset}`, key: 'k', time: (offset * windowHorizonMillis) / 10, amount: 1 },
    record: { topic: 'in', partition: 0, offset, timestamp: 0, key: 'k', headers: {} },
  }),
)
const foldTo = (offset: number, from = beginning) => {
  const fold = createFold(processor, from)
  fold.apply(inputs.slice(from.offset, offset))
  return fold
}
const at = (offset: number) => ({ offset, metadata: formatMetadata(foldTo(offset).restorePoint()) })
const warm = (position: number, from = beginning): Warm => ({ fold: foldTo(position, from), position, heldFrom: from.offset })

describe('a warm state fits what is committed', () => {
  it('where it is no further, and has the commit’s restore point behind it', () => {
    expect(fits(warm(40), at(40), 0)).toBe(true)
    expect(fits(warm(38), at(40), 0)).toBe(true)
    expect(fits(warm(40, parseMetadata(at(40).metadata)!), at(41), 0)).toBe(true)
  })

  it.each([
    ['beyond the commit', warm(41), at(40), 0],
    ['before the commit’s restore point', warm(20), at(40), 0],
    ['begun behind the commit’s restore point', warm(40, parseMetadata(at(40).metadata)!), at(20), 0],
    ['of a group whose position was moved by hand', warm(40), { offset: 40, metadata: '' }, 0],
    ['that may have missed what the log deleted', { ...warm(40), heldFrom: 10 }, at(40), 11],
    [
      'of other events at the same offsets',
      warm(40),
      { offset: 40, metadata: formatMetadata({ ...foldTo(40).restorePoint(), clock: 1 }) },
      0,
    ],
  ])('not where it is one %s', (_, state, committed, first) => {
    expect(fits(state, committed, first)).toBe(false)
  })
})

describe('what the group has committed', () => {
  const committed = at(40)
  const following: State = { type: 'following', warm: warm(40), limit: 40, isWarm: true }
  const whole = { first: 0, next: 50 }

  it.each([...Object.values(states).flat(), following])('is nothing to go by where it is nothing, or no restore could: $type', (state) => {
    const nothing = { type: 'nothing to go by' }
    expect(judge(state, { ...whole, committed: null })).toEqual(nothing)
    expect(judge(state, { ...whole, committed: { offset: 40, metadata: 'moved by hand' } })).toEqual(nothing)
    expect(judge(state, { first: 41, next: 50, committed })).toEqual(nothing)
    expect(judge(state, { first: 0, next: 39, committed })).toEqual(nothing)
  })

  it.each([...states.empty, ...states.released])('is what to begin with where nothing is kept: $type', (state) => {
    expect(judge(state, { ...whole, committed })).toEqual({ type: 'begin anew', committed, discards: false })
  })

  it('is what to begin with where nothing followed the log yet for what is kept', () => {
    expect(judge({ ...following, type: 'begun' }, { ...whole, committed })).toEqual({ type: 'begin anew', committed, discards: true })
  })

  it('is what to begin with where the state kept does not fit it, and to go on with where it does', () => {
    expect(judge({ ...following, warm: warm(41) }, { ...whole, committed })).toEqual({ type: 'begin anew', committed, discards: true })
    expect(judge(following, { ...whole, committed })).toEqual({ type: 'go on', committed })
  })
})
