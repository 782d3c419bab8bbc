import { describe, expect, test } from 'vitest'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Reading } from '#lib/marketplace/newest-first.ts'
import type { CollectorState } from '#schemas/types.ts'
import { type Collecting, type Decision, initialState } from './decision.ts'
import { decideBackfill, decideHistoryRejects, decideSales, newSales } from './settled-sales.ts'
import { at, collecting, idsOf, listing, reading, sale, settled } from './testing/market-samples.ts'

const fresh: CollectorState = { ...initialState('axie'), backfillDone: true }

/** A look at the settled list and what follows, where all of it fits one transaction. */
const decide = (state: CollectorState, look: Reading<SettledEntry>, how: Collecting): Decision =>
  decideSales(state, newSales(state, look, how.memory), how)

describe('newest sales', () => {
  const known = (...ids: string[]): CollectorState => ({ ...fresh, recentSaleIds: ids })

  test('given none are known, those of the first look are news, in order of time', () => {
    const decision = decide(fresh, reading(100, [settled(sale(3, 90)), settled(sale(2, 80)), settled(sale(1, 10))]), collecting)
    expect(idsOf(decision)).toEqual([sale(2, 80), sale(3, 90)].map(({ saleId }) => `sale:${saleId}`))
    expect(decision.events[0]).toMatchObject({ collectedAt: null, event: { eventTime: at(80), observedAt: at(100), origin: 'live' } })
    expect(decision.state.recentSaleIds).toEqual([sale(3, 90).saleId, sale(2, 80).saleId])
  })

  test('given an axie that was sold twice since, both are news, though its entry stands for the newer one', () => {
    const last = sale(1, 50)
    const twice = settled(sale(2, 90), sale(2, 70))
    expect(idsOf(decide(known(last.saleId), reading(100, [twice], { known: [settled(last)] }), collecting))).toEqual(
      [sale(2, 70), sale(2, 90)].map(({ saleId }) => `sale:${saleId}`),
    )
  })

  test('given an axie that was sold long before, that sale is no news', () => {
    const last = sale(1, 50)
    const resold = settled(sale(2, 90), sale(2, 20))
    expect(idsOf(decide(known(last.saleId), reading(100, [resold], { known: [settled(last)] }), collecting))).toEqual([
      `sale:${sale(2, 90).saleId}`,
    ])
  })

  test('given a sale that came in above what was read, and shows in an older entry, it waits for its turn', () => {
    const last = sale(1, 50)
    const entries = [settled(sale(3, 90)), settled(sale(2, 95), sale(2, 70))]
    const look = { ...reading(100, entries, { known: [settled(last)] }), top: entries.slice(0, 1) }
    expect(idsOf(decide(known(last.saleId), look, collecting))).toEqual([sale(2, 70), sale(3, 90)].map(({ saleId }) => `sale:${saleId}`))
  })

  test('given that no known sale was met, older sales than were read down to are no news', () => {
    const entries = [settled(sale(2, 90), sale(2, 20)), settled(sale(3, 60))]
    expect(idsOf(decide(known('axie:9:0xold'), reading(100, entries), collecting))).toEqual(
      [sale(3, 60), sale(2, 90)].map(({ saleId }) => `sale:${saleId}`),
    )
  })

  test('given more than fit one transaction, each part begins after the last', () => {
    const entries = Array.from({ length: 25 }, (_, index) => settled(sale(index, 99 - index)))
    const part = { ...collecting, maxEvents: 10 }
    const look = reading(100, entries)
    const news = newSales(fresh, look, part.memory)
    const first = decideSales(fresh, news, part)
    const second = decideSales(first.state, news, part)
    const third = decideSales(second.state, news, part)
    expect([first, second, third].flatMap(idsOf)).toEqual(entries.map(({ newest }) => `sale:${newest.saleId}`).reverse())
    expect(decideSales(third.state, news, part).events).toEqual([])
  })

  test('end the following of what they sold, but not of what was offered again after them', () => {
    const trackedAsks = [
      { listingId: listing(1, 10).listingId, tokenId: '1', seenAt: at(20) },
      { listingId: listing(2, 95).listingId, tokenId: '2', seenAt: at(96) },
    ]
    const look = reading(100, [settled(sale(1, 90)), settled(sale(2, 90))])
    expect(decide({ ...fresh, trackedAsks }, look, collecting).state.trackedAsks.map(({ tokenId }) => tokenId)).toEqual(['2'])
  })

  test('given the same reject again, it is told once', () => {
    const first = decide(fresh, reading(100, [], { rejects: ['abc'] }), collecting)
    expect(first.rejects).toHaveLength(1)
    expect(decide(first.state, reading(101, [], { rejects: ['abc'] }), collecting).rejects).toEqual([])
  })
})

describe('history', () => {
  const sales = Array.from({ length: 25 }, (_, index) => sale(index, index))
  const part = { ...collecting, maxEvents: 10 }

  test('is written in parts, in order, as known when it happened', () => {
    const first = decideBackfill(initialState('axie'), sales, part)
    const second = decideBackfill(first.state, sales, part)
    const third = decideBackfill(second.state, sales, part)
    expect([first, second, third].flatMap(idsOf)).toEqual(sales.map(({ saleId }) => `sale:${saleId}`))
    expect([first, second, third].map(({ state }) => state.backfillDone)).toEqual([false, false, true])
    expect(first.events[3]).toMatchObject({ collectedAt: null, event: { eventTime: at(3), observedAt: at(3), origin: 'backfill' } })
  })

  test('given a market without any, is done at once', () => {
    expect(decideBackfill(initialState('axie'), [], part)).toMatchObject({ events: [], state: { backfillDone: true } })
  })

  test('given rejects, goes on where it was all the same', () => {
    const { state } = decideHistoryRejects(initialState('axie'), reading(100, [], { rejects: ['abc'] }).rejects, part)
    const first = decideBackfill(state, sales, part)
    expect(idsOf(decideBackfill(first.state, sales, part))[0]).toBe(`sale:${sales[10]!.saleId}`)
    expect(decideHistoryRejects(first.state, reading(100, [], { rejects: ['abc'] }).rejects, part).rejects).toEqual([])
  })
})
