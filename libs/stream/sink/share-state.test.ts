import { describe, expect, it } from 'vitest'
import type { FetchedBatch } from '#lib/stream/log.ts'
import { assignedShare, isFull, mayPause, mayResume, mustSeek, next, queueOf, type ShareEvent, type ShareState } from './share-state.ts'

const batchAt = (position: number) => ({ position }) as FetchedBatch
const [a, b, c] = [batchAt(1), batchAt(2), batchAt(3)]

/** One of each with nothing, something, and as much as pauses it; each paused and not. */
const known = [false, true].map((isPaused) => ({ hasBegun: true, isPaused, committed: 5 }))
const queues: readonly (readonly FetchedBatch[])[] = [[], [a], [a, b]]
const states: { readonly [Type in ShareState['type']]: readonly ShareState[] } = {
  resting: [assignedShare, ...known.map((each): ShareState => ({ ...each, type: 'resting' }))],
  writing: known.flatMap((each) =>
    queues.map((waiting): ShareState => ({ ...each, type: 'writing', inHand: waiting.length === 0 ? a : c, waiting })),
  ),
  idling: known.flatMap((each) => queues.map((waiting): ShareState => ({ ...each, type: 'idling', waiting }))),
  closed: known.flatMap((each) => queues.map((undone): ShareState => ({ ...each, type: 'closed', undone }))),
}
const events: { readonly [Type in ShareEvent['type']]: Extract<ShareEvent, { type: Type }> } = {
  taken: { type: 'taken', batch: c },
  written: { type: 'written' },
  idling: { type: 'idling' },
  idled: { type: 'idled' },
  committed: { type: 'committed', offset: 9 },
  paused: { type: 'paused' },
  resumed: { type: 'resumed' },
  closed: { type: 'closed' },
}
const all = Object.values(states).flat()
const everyPair = all.flatMap((state) => Object.values(events).map((event) => ({ state, event, after: next(state, event) })))

describe('what a member has in hand of a partition', () => {
  it('grows at its end by what is taken, and at no other event', () => {
    for (const { state, event, after } of everyPair) {
      const before = queueOf(state)
      if (event.type === 'taken') expect(queueOf(after)).toEqual([...before, c])
      else if (event.type === 'written' && state.type !== 'idling') expect(queueOf(after)).toEqual(before.slice(1))
      else expect(queueOf(after)).toEqual(before)
    }
  })

  it('is being written wherever there is some, unless its sink idles or it is closed', () => {
    for (const { after } of everyPair)
      expect(after.type === 'writing').toBe(queueOf(after).length > 0 && after.type !== 'idling' && after.type !== 'closed')
  })

  it('is written from its beginning, one by one', () => {
    const both = next(next(assignedShare, { type: 'taken', batch: a }), { type: 'taken', batch: b })
    expect(both).toMatchObject({ type: 'writing', inHand: a, waiting: [b] })
    const second = next(both, events.written)
    expect(second).toMatchObject({ type: 'writing', inHand: b, waiting: [] })
    expect(next(second, events.written)).toMatchObject({ type: 'resting' })
  })

  it('lets the sink idle only while it rests, and goes on with what came meanwhile', () => {
    for (const { state, event, after } of everyPair) {
      if (event.type === 'idling') expect(after.type).toBe(state.type === 'resting' ? 'idling' : state.type)
      if (event.type !== 'idled') continue
      const goesOn = queueOf(state).length > 0 ? 'writing' : 'resting'
      expect(after.type).toBe(state.type === 'idling' ? goesOn : state.type)
    }
  })

  it('once closed is closed for ever', () => {
    for (const { state, event, after } of everyPair)
      if (state.type === 'closed' || event.type === 'closed') expect(after.type).toBe('closed')
  })

  it('remembers how far it is durable, whether it is paused, and that it has begun', () => {
    for (const { state, event, after } of everyPair) {
      expect(after.committed).toBe(event.type === 'committed' ? 9 : state.committed)
      expect(after.isPaused).toBe(event.type === 'paused' || (event.type !== 'resumed' && state.isPaused))
      expect(after.hasBegun).toBe(event.type === 'taken' || state.hasBegun)
    }
  })
})

describe('a partition', () => {
  it('is paused once two batches are not written, and resumed once there is room', () => {
    for (const state of all) {
      const isOpen = state.type !== 'closed'
      expect(isFull(state)).toBe(queueOf(state).length >= 2)
      expect(mayPause(state)).toBe(isOpen && !state.isPaused && isFull(state))
      expect(mayResume(state)).toBe(isOpen && state.isPaused && !isFull(state))
    }
  })

  it('begins where its sink was opened, wherever the client may stand; from then on batches follow one another', () => {
    for (const state of all) {
      expect(mustSeek(state, 1, b)).toBe(!state.hasBegun)
      expect(mustSeek(state, 2, b)).toBe(false)
      expect(mustSeek(state, null, b)).toBe(false)
    }
  })
})
