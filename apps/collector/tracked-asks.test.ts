import { describe, expect, test } from 'vitest'
import type { RejectCode } from '#lib/errors/reject-codes.ts'
import type { AxieAnswer } from '#lib/marketplace/answers.ts'
import type { Page, Reject } from '#lib/marketplace/page.ts'
import type { CollectorState, Listing } from '#schemas/types.ts'
import { initialState } from './decision.ts'
import { decideListings } from './processor.ts'
import { at, collecting, idsOf, kindOf, listing, reading, sale } from './testing/market-samples.ts'
import { decideAsk, decideSweep, nextToCheck, postponeAsk } from './tracked-asks.ts'

const tracked = { listingId: listing(1, 10).listingId, tokenId: '1', seenAt: at(20) }
const state: CollectorState = {
  ...initialState('axie'),
  trackedAsks: [tracked, { ...tracked, listingId: listing(2, 5).listingId, tokenId: '2', seenAt: at(15) }],
}
const answered = (value: Pick<AxieAnswer, 'listing' | 'lastSale'> | null) => ({ value, heldAt: 1, marketTime: at(100) })

describe('a tracked ask', () => {
  test('that was not seen for the longest time is checked first, and then last', () => {
    expect(nextToCheck(state.trackedAsks)?.tokenId).toBe('2')
    const { state: later } = decideAsk(state, state.trackedAsks[1]!, answered({ listing: listing(2, 5), lastSale: null }), collecting)
    expect(nextToCheck(later.trackedAsks)?.tokenId).toBe('1')
    expect(nextToCheck([])).toBeNull()
  })

  test('that is still there was seen again', () => {
    const decision = decideAsk(state, tracked, answered({ listing: listing(1, 10), lastSale: null }), collecting)
    expect(decision.events.map(({ event }) => kindOf(event))).toEqual(['AskSeen'])
    expect(decision.state.trackedAsks[0]).toEqual({ ...tracked, seenAt: at(100) })
  })

  test('that is gone and was not sold was withdrawn', () => {
    for (const value of [null, { listing: null, lastSale: null }, { listing: null, lastSale: sale(1, 9) }]) {
      const decision = decideAsk(state, tracked, answered(value), collecting)
      expect(idsOf(decision)).toEqual([`cancellation:${tracked.listingId}`])
      expect(decision.state.trackedAsks.map(({ tokenId }) => tokenId)).toEqual(['2'])
    }
  })

  test('that was sold is no longer followed, and its sale comes on its own', () => {
    const decision = decideAsk(state, tracked, answered({ listing: null, lastSale: sale(1, 50) }), collecting)
    expect(decision.events).toEqual([])
    expect(decision.state.trackedAsks.map(({ tokenId }) => tokenId)).toEqual(['2'])
  })

  test('that gave way to another offer of the same axie was withdrawn', () => {
    const decision = decideAsk(state, tracked, answered({ listing: listing(1, 90), lastSale: null }), collecting)
    expect(idsOf(decision)).toEqual([`cancellation:${tracked.listingId}`])
  })

  test('that is no longer followed when the answer comes is left alone', () => {
    const without = { ...state, trackedAsks: [] }
    expect(decideAsk(without, tracked, answered(null), collecting)).toEqual({ events: [], rejects: [], state: without })
  })

  test('of which nothing can be learned waits for its turn', () => {
    expect(nextToCheck(postponeAsk(state, state.trackedAsks[1]!, at(100)).state.trackedAsks)?.tokenId).toBe('1')
  })
})

describe('the sweep', () => {
  const page = (items: readonly Listing[], rejects: Page<Listing>['rejects'] = []): Page<Listing> => ({
    items,
    rejects,
    count: items.length,
    total: items.length,
    heldAt: 1,
    marketTime: at(100),
  })
  const reject: Reject = { key: 'abc', code: 'bad_price', message: 'no', tokenId: null, raw: '{}' }

  test('tells what is still there, and refreshes what is followed', () => {
    const decision = decideSweep(state, page([listing(1, 10), listing(9, 1)]), collecting)
    expect(idsOf(decision)).toEqual([listing(1, 10), listing(9, 1)].map(({ listingId }) => `ask-seen:${listingId}:${at(100)}`))
    expect(decision.state.trackedAsks[0]?.seenAt).toBe(at(100))
  })

  test('leaves what is too new to have been met to come as a listing first', () => {
    const { state: met } = decideListings(state, reading(90, [listing(7, 80)]), collecting)
    expect(idsOf(decideSweep(met, page([listing(7, 80), listing(8, 95)]), collecting))).toEqual([
      `ask-seen:${listing(7, 80).listingId}:${at(100)}`,
    ])
  })

  test('ends what was met as open and is void now, once; what was never open ends nothing', () => {
    const { state: met } = decideListings(state, reading(90, [listing(7, 80)]), collecting)
    const ended = (tokenId: string, key: string, code: RejectCode): Reject => ({ key, code, message: 'no', tokenId, raw: '{}' })
    const rejects = [ended('7', listing(7, 80).listingId, 'order_closed'), ended('8', listing(8, 95).listingId, 'order_expired')]
    const decision = decideSweep(met, page([], rejects), collecting)
    expect(idsOf(decision)).toEqual([`cancellation:${listing(7, 80).listingId}`])
    expect(decision.state.trackedAsks.some(({ tokenId }) => tokenId === '7')).toBe(false)
    expect(decideSweep(decision.state, page([], rejects), collecting).events).toEqual([])
  })

  test('tells a reject once', () => {
    const first = decideSweep(state, page([], [reject]), collecting)
    expect(first.rejects).toEqual([reject])
    expect(decideSweep(first.state, page([], [reject]), collecting)).toEqual({ events: [], rejects: [], state: first.state })
  })
})
