import { describe, expect, test } from 'vitest'
import type { CollectorState } from '#schemas/types.ts'
import { initialState } from './decision.ts'
import { decideExchangeRate, decideLeaderboard, decideListings } from './processor.ts'
import { at, collecting, idsOf, listing, reading } from './testing/market-samples.ts'

const fresh: CollectorState = { ...initialState('axie'), backfillDone: true }

describe('newest listings', () => {
  test('given none are known, those of the first look are news, the oldest first', () => {
    const decision = decideListings(fresh, reading(100, [listing(3, 90), listing(2, 50), listing(1, 10)]), collecting)
    expect(idsOf(decision)).toEqual([`listing:axie:2:${at(50)}`, `listing:axie:3:${at(90)}`])
    expect(decision.state.recentListingIds).toEqual([`axie:3:${at(90)}`, `axie:2:${at(50)}`])
  })

  test('carry when they happened, when we knew, and when we held the answer', () => {
    const [collected] = decideListings(fresh, reading(100, [listing(3, 90)]), collecting).events
    expect(collected).toMatchObject({
      collectedAt: 777,
      event: { eventTime: at(90), observedAt: at(100), origin: 'live', source: 'recorded' },
    })
  })

  test('given one is known, it is no news', () => {
    const { state } = decideListings(fresh, reading(100, [listing(2, 90)]), collecting)
    const decision = decideListings(state, reading(101, [listing(3, 99), listing(2, 90)]), collecting)
    expect(idsOf(decision)).toEqual([`listing:axie:3:${at(99)}`])
  })

  test('given nothing is new, the state is the very same', () => {
    const { state } = decideListings(fresh, reading(100, [listing(2, 90)]), collecting)
    expect(decideListings(state, reading(101, [listing(2, 90)]), collecting)).toEqual({ events: [], rejects: [], state })
    expect(decideListings(state, reading(101, [listing(2, 90)]), collecting).state).toBe(state)
  })

  test('given more were met than are remembered, what is below the floor was met', () => {
    const six = [9, 8, 7, 6, 5, 4].map((second) => listing(second, second * 10))
    const { state } = decideListings(fresh, reading(100, six), collecting)
    expect(state.recentListingIds).toHaveLength(5)
    expect(idsOf(decideListings(state, reading(101, six), collecting))).toEqual([])
  })

  test('given many of the same second, they are remembered together or not at all', () => {
    const tied = [9, 8, 7, 6, 5, 4, 3].map((tokenId) => listing(tokenId, 90))
    const { state } = decideListings(fresh, reading(100, [listing(10, 91), ...tied]), collecting)
    expect(state.recentListingIds).toHaveLength(8)
    expect(idsOf(decideListings(state, reading(101, [listing(10, 91), listing(11, 90), ...tied]), collecting))).toEqual([
      `listing:axie:11:${at(90)}`,
    ])
  })

  test('given more than fit one transaction, the next decision goes on where the last ended', () => {
    const many = Array.from({ length: 25 }, (_, index) => listing(index, 99 - index))
    const part = { ...collecting, maxEvents: 10 }
    const first = decideListings(fresh, reading(100, many), part)
    const second = decideListings(first.state, reading(100, many), part)
    const third = decideListings(second.state, reading(100, many), part)
    expect([first, second, third].map(({ events }) => events.length)).toEqual([10, 10, 5])
    const all = [first, second, third].flatMap(idsOf)
    expect(new Set(all).size).toBe(25)
    expect(decideListings(third.state, reading(100, many), part).events).toEqual([])
  })

  test('given offers that claim to begin tomorrow, those of today are still news', () => {
    const tomorrow = Array.from({ length: 8 }, (_, index) => listing(100 + index, 86_400 + index))
    const { state } = decideListings(fresh, reading(100, [...tomorrow, listing(1, 99)]), collecting)
    expect(idsOf(decideListings(state, reading(102, [...tomorrow.slice(3), listing(2, 101)]), collecting))).toContain(
      `listing:axie:2:${at(101)}`,
    )
  })

  test('given the same reject again, it is told once; come right, it is a listing', () => {
    const key = listing(7, 90).listingId
    const first = decideListings(fresh, reading(100, [], { rejects: [key] }), collecting)
    expect(first.rejects).toMatchObject([{ key, code: 'bad_price' }])
    expect(decideListings(first.state, reading(101, [], { rejects: [key] }), collecting)).toMatchObject({ rejects: [], events: [] })
    expect(idsOf(decideListings(first.state, reading(101, [listing(7, 90)]), collecting))).toEqual([`listing:${key}`])
  })

  test('are followed, the newest, and an egg is not', () => {
    const egg = { ...listing(4, 99), item: { ...listing(4, 99).item, parts: [] } }
    const { state } = decideListings(fresh, reading(100, [egg, ...[9, 8, 7, 6].map((second) => listing(second, second * 10))]), collecting)
    expect(state.trackedAsks.map(({ tokenId }) => tokenId)).toEqual(['7', '8', '9'])
    expect(state.trackedAsks[0]).toEqual({ listingId: `axie:7:${at(70)}`, tokenId: '7', seenAt: at(100) })
  })
})

test('rate and leaderboard are events, and remembered by their time', () => {
  const rate = decideExchangeRate(fresh, { value: { ethUsd: 3_000 }, heldAt: 1, marketTime: at(5) }, collecting)
  expect(rate.events).toMatchObject([{ collectedAt: null, event: { payload: { 'flipstream.ExchangeRate': { ethUsd: 3_000 } } } }])
  expect(rate.state.exchangeRateAt).toBe(at(5))
  const board = decideLeaderboard(fresh, { value: { axies: [] }, heldAt: 1, marketTime: at(6) }, collecting)
  expect(board.events).toMatchObject([{ event: { payload: { 'flipstream.LeaderboardSnapshot': { axies: [] } } } }])
  expect(board.state.leaderboardAt).toBe(at(6))
})

test('what was written is not written again where the answer to its commit was lost, and the decision is taken anew', () => {
  const rate = { value: { ethUsd: 3_000 }, heldAt: 1, marketTime: at(5) }
  const { state } = decideExchangeRate(fresh, rate, collecting)
  expect(decideExchangeRate(state, rate, collecting)).toEqual({ events: [], rejects: [], state })
  expect(decideExchangeRate(state, { ...rate, marketTime: at(65) }, collecting).events).toHaveLength(1)
  const board = { value: { axies: [] }, heldAt: 1, marketTime: at(6) }
  const decided = decideLeaderboard(state, board, collecting).state
  expect(decideLeaderboard(decided, board, collecting)).toEqual({ events: [], rejects: [], state: decided })
})
