import { describe, expect, it } from 'vitest'
import {
  belongs,
  isCurrent,
  type Membership,
  type MembershipEvent,
  next,
  nextReading,
  type Reading,
  type ReadingEvent,
  readingOf,
  readingsOf,
} from './membership.ts'

const [zero, one] = [0, 1].map((partition) => ({ topic: 'topic', partition })) as [Reading['partition'], Reading['partition']]
const unread: Reading = { partition: zero, next: null, passed: null, remaining: 0, seeks: 0, missing: null }
const read: Reading = { partition: zero, next: 7, passed: 9, remaining: 3, seeks: 1, missing: { from: 2, to: 5 } }
const assigned = (epoch: number, readings: readonly Reading[]): Membership => ({
  type: 'assigned',
  epoch,
  readings: new Map(readings.map((reading) => [`topic-${reading.partition.partition}`, reading])),
})

const readingEvents: { readonly [Type in ReadingEvent['type']]: Extract<ReadingEvent, { type: Type }> } = {
  fetched: { type: 'fetched', remaining: 11 },
  done: { type: 'done', nextOffset: 20 },
  'nothing visible': { type: 'nothing visible', nextOffset: 21, remaining: 12 },
  jumped: { type: 'jumped', from: 30, to: 40 },
  sought: { type: 'sought', offset: 50 },
}
const states: { readonly [Type in Membership['type']]: readonly Membership[] } = {
  joining: [{ type: 'joining' }],
  assigned: [assigned(1, []), assigned(1, [unread]), assigned(2, [read])],
  over: [{ type: 'over' }],
}
const events: { readonly [Type in MembershipEvent['type']]: readonly Extract<MembershipEvent, { type: Type }>[] } = {
  assigned: [{ type: 'assigned', epoch: 3, partitions: [zero, one] }],
  read: Object.values(readingEvents).map((event) => ({ type: 'read', partition: zero, event })),
  over: [{ type: 'over' }],
}
const all = Object.values(states).flat()

describe('a life in the group', () => {
  it('is over for ever', () => {
    for (const event of Object.values(events).flat()) for (const state of states.over) expect(next(state, event)).toBe(state)
  })

  it.each(all)('from $type is over at its end', (state) => {
    for (const event of events.over) expect(next(state, event)).toEqual({ type: 'over' })
  })

  it.each([...states.joining, ...states.assigned])('from $type begins each assignment anew, with nothing read', (state) => {
    for (const event of events.assigned) expect(next(state, event)).toEqual(assigned(3, [unread, { ...unread, partition: one }]))
  })

  it.each(all)('from $type hears of its own partitions only', (state) => {
    for (const event of events.read) {
      const reading = readingOf(state, zero)
      const after = next(state, event)
      if (reading === null) expect(after).toBe(state)
      else expect(readingsOf(after)).toEqual([nextReading(reading, event.event)])
      expect(next(state, { ...event, partition: one })).toBe(state)
    }
  })

  it('has nothing to read but under an assignment', () => {
    for (const state of [...states.joining, ...states.over]) {
      expect(readingOf(state, zero)).toBeNull()
      expect(readingsOf(state)).toEqual([])
      expect(belongs(state, 1)).toBe(false)
    }
  })

  it('holds what was begun for current only in the same epoch, and until it seeks', () => {
    const [, state] = states.assigned
    expect(isCurrent(state!, 1, unread)).toBe(true)
    expect(isCurrent(state!, 2, unread)).toBe(false)
    const moved = next(state!, { type: 'read', partition: zero, event: readingEvents.done })
    expect(isCurrent(moved, 1, unread)).toBe(true)
    const sought = next(state!, { type: 'read', partition: zero, event: readingEvents.sought })
    expect(belongs(sought, 1)).toBe(true)
    expect(isCurrent(sought, 1, unread)).toBe(false)
    for (const over of states.over) expect(isCurrent(over, 1, unread)).toBe(false)
  })
})

describe('how far a partition is read', () => {
  it.each([
    ['that it is fetched', readingEvents.fetched, { remaining: 11 }, { remaining: 11 }],
    ['that it is done', readingEvents.done, { next: 20, passed: 20 }, { next: 20, passed: 20, missing: null }],
    ['what held nothing visible', readingEvents['nothing visible'], { passed: 21, remaining: 12 }, { passed: 21, remaining: 12 }],
    ['a seek', readingEvents.sought, { next: 50, passed: 50, seeks: 1 }, { next: 50, passed: 50, seeks: 2, missing: null }],
    ['a jump', readingEvents.jumped, { next: 30, missing: { from: 30, to: 40 } }, { missing: { from: 2, to: 40 } }],
  ])('changes by %s', (_, event, fromUnread, fromRead) => {
    expect(nextReading(unread, event)).toEqual({ ...unread, ...fromUnread })
    expect(nextReading(read, event)).toEqual({ ...read, ...fromRead })
  })
})
