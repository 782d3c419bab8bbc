import { describe, expect, it } from 'vitest'
import { type HandOverEvent, type HandOverState, next, nothingReady, readyIn } from './hand-over-state.ts'
import type { Standby } from './standby.ts'
import type { WarmState } from './standby-state.ts'

type State = HandOverState<string, string>
type Event = HandOverEvent<string, string>

const standby = {} as Standby<string, string>
const another = {} as Standby<string, string>
const warm = (position: number): WarmState<string, string> => ({ fold: {} as WarmState<string, string>['fold'], position, heldFrom: 0 })
const [zero, one, two] = [warm(0), warm(1), warm(2)]
const ready = new Map([
  [0, zero],
  [1, one],
])

const states: { readonly [Type in State['type']]: readonly State[] } = {
  working: [
    { type: 'working', ready: nothingReady },
    { type: 'working', ready },
  ],
  'standing by': [{ type: 'standing by', standby }],
  ended: [
    { type: 'ended', ready: nothingReady },
    { type: 'ended', ready },
  ],
}
const events: { readonly [Type in Event['type']]: Extract<Event, { type: Type }> } = {
  'stood by': { type: 'stood by', standby: another },
  released: { type: 'released', states: new Map([...ready, [2, two]]), assigned: [0, 2, 3] },
  taken: { type: 'taken', partition: 0 },
  ended: { type: 'ended' },
}
const all = Object.values(states).flat()

describe('a member without partitions', () => {
  it('begins to stand by where it works, and forgets what nobody took', () => {
    for (const state of states.working) expect(next(state, events['stood by'])).toEqual({ type: 'standing by', standby: another })
  })

  it.each([...states['standing by'], ...states.ended])(
    'does not begin to stand by where it does so already, or has ended: $type',
    (state) => {
      expect(next(state, events['stood by'])).toBe(state)
    },
  )

  it('hands over the states of the partitions that it is given, and no others', () => {
    const handedOver = new Map([
      [0, zero],
      [2, two],
    ])
    for (const state of states['standing by']) expect(next(state, events.released)).toEqual({ type: 'working', ready: handedOver })
  })

  it.each([...states.working, ...states.ended])('keeps what is ready through assignments that release no standby: $type', (state) => {
    expect(next(state, events.released)).toBe(state)
  })

  it('gives each state once', () => {
    for (const state of [...states.working, ...states.ended]) {
      const after = next(state, events.taken)
      expect(after.type).toBe(state.type)
      expect(readyIn(after).has(0)).toBe(false)
      expect(readyIn(after).get(1)).toBe(readyIn(state).get(1))
    }
    for (const state of states['standing by']) expect(next(state, events.taken)).toBe(state)
  })

  it('has none to give while it stands by', () => {
    for (const state of states['standing by']) expect([...readyIn(state)]).toEqual([])
  })

  it.each(all)('ends from $type, with what is ready', (state) => {
    expect(next(state, events.ended)).toEqual({ type: 'ended', ready: readyIn(state) })
  })
})
