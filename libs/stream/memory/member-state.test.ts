import { describe, expect, it } from 'vitest'
import {
  belongs,
  type Handover,
  type HandoverEvent,
  handoverOf,
  handoversOf,
  isCurrent,
  isWorking,
  keyOf,
  type MemberEvent,
  type MemberState,
  next,
  nextHandover,
} from './member-state.ts'

const handoverAt = (partition: number, position: number): Handover => ({
  partition: { topic: 'topic', partition },
  position,
  seeks: 0,
  paused: false,
  missing: null,
})
const [zero, one, other] = [handoverAt(0, 5), handoverAt(1, 6), handoverAt(0, 9)]
const assigned = { epoch: 1, handovers: new Map([zero, one].map((handover) => [keyOf(handover.partition), handover])) }

const states: { readonly [Type in MemberState['type']]: Extract<MemberState, { type: Type }> } = {
  apart: { type: 'apart' },
  working: { type: 'working', ...assigned },
  draining: { type: 'draining', ...assigned },
  leaving: { type: 'leaving', ...assigned },
  expelled: { type: 'expelled' },
  out: { type: 'out' },
}
const events: Readonly<Record<string, MemberEvent>> & { readonly [Type in MemberEvent['type']]: MemberEvent } = {
  assigned: { type: 'assigned', epoch: 2, handovers: [other] },
  drained: { type: 'drained' },
  left: { type: 'left' },
  'came back': { type: 'came back' },
  expelled: { type: 'expelled', fate: 'frozen' },
  killed: { type: 'expelled', fate: 'dead' },
  'handed over': { type: 'handed over', partition: zero.partition, event: { type: 'done', nextOffset: 8 } },
}
const all = Object.values(states)
const holding = [states.working, states.draining, states.leaving]

/** By state, what each event makes of it; nothing else changes anything. */
const expected: { readonly [Type in MemberState['type']]: Readonly<Record<string, MemberState['type']>> } = {
  apart: { assigned: 'working', left: 'out', expelled: 'expelled', killed: 'out' },
  working: { assigned: 'working', drained: 'draining', left: 'leaving', expelled: 'expelled', killed: 'out' },
  draining: { assigned: 'working', left: 'leaving', expelled: 'expelled', killed: 'out' },
  leaving: { expelled: 'expelled', killed: 'out' },
  expelled: { left: 'out', 'came back': 'apart', killed: 'out' },
  out: {},
}

describe('a member', () => {
  it.each(all)('from $type goes where each event leads, and nowhere else', (state) => {
    for (const [name, event] of Object.entries(events))
      expect([name, next(state, event).type]).toEqual([name, expected[state.type][name] ?? state.type])
  })

  it('begins each assignment anew', () => {
    for (const state of [states.apart, states.working, states.draining])
      expect(next(state, events.assigned)).toEqual({ type: 'working', epoch: 2, handovers: new Map([['topic-0', other]]) })
  })

  it.each([states.working, states.draining])('keeps what it holds while it finishes it, from $type', (state) => {
    expect(next(state, events.left)).toEqual({ type: 'leaving', ...assigned })
    if (state.type === 'working') expect(next(state, events.drained)).toEqual({ type: 'draining', ...assigned })
  })

  it.each(all)('from $type hears of its own partitions only', (state) => {
    const after = next(state, events['handed over'])
    const isHolding = holding.some(({ type }) => type === state.type)
    expect(handoversOf(after)).toEqual(isHolding ? [{ ...zero, position: 8 }, one] : [])
    expect(next(state, { type: 'handed over', partition: { topic: 'other', partition: 0 }, event: { type: 'paused' } })).toBe(state)
  })

  it('may act on what was begun in its epoch for as long as it holds it, and is handed more only while it works', () => {
    for (const state of all) {
      const isHolding = holding.some(({ type }) => type === state.type)
      expect(belongs(state, 1)).toBe(isHolding)
      expect(isCurrent(state, 1, zero)).toBe(isHolding)
      expect(isWorking(state, 1)).toBe(state.type === 'working')
      for (const holds of [belongs(state, 2), isCurrent(state, 2, zero), isWorking(state, 2)]) expect(holds).toBe(false)
    }
    const sought = next(states.working, { type: 'handed over', partition: zero.partition, event: { type: 'sought', offset: 5 } })
    expect([belongs(sought, 1), isCurrent(sought, 1, zero), isCurrent(sought, 1, one)]).toEqual([true, false, true])
  })
})

describe('how far a partition is handed over', () => {
  const behind: Handover = { ...zero, seeks: 3, paused: true, missing: { from: 1, to: 5 } }
  const changes: { readonly [Type in HandoverEvent['type']]: readonly [HandoverEvent, Partial<Handover>, Partial<Handover>] } = {
    done: [{ type: 'done', nextOffset: 8 }, { position: 8 }, { position: 8, missing: null }],
    'nothing visible': [{ type: 'nothing visible', nextOffset: 8 }, { position: 8 }, { position: 8 }],
    overtaken: [{ type: 'overtaken', first: 7 }, { missing: { from: 5, to: 7 } }, { missing: { from: 1, to: 7 } }],
    sought: [
      { type: 'sought', offset: 2 },
      { position: 2, seeks: 1 },
      { position: 2, seeks: 4, missing: null },
    ],
    paused: [{ type: 'paused' }, { paused: true }, { paused: true }],
    resumed: [{ type: 'resumed' }, { paused: false }, { paused: false }],
  }

  it.each(Object.entries(changes))('changes when it is %s', (_, [event, fromZero, fromBehind]) => {
    expect(nextHandover(zero, event)).toEqual({ ...zero, ...fromZero })
    expect(nextHandover(behind, event)).toEqual({ ...behind, ...fromBehind })
    expect(handoverOf(next(states.working, { type: 'handed over', partition: zero.partition, event }), zero.partition)).toEqual(
      nextHandover(zero, event),
    )
  })
})
