import { expect, test } from 'vitest'
import { profileOf } from '#lib/axie/profile.ts'
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { askSeenEvent, cancellationEvent, listingEvent, listingIdOf, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { foldOn } from '#lib/market/testing/fold-events.ts'
import type { Item, ItemAttributes, Listing, MarketEvent, Origin, Sale } from '#schemas/types.ts'
import { contextFor } from './context.ts'
import { initialMarketState } from './market-state.ts'

const now = Date.UTC(2026, 10, 30)
const at = (observedAt: number, origin: Origin = 'live') => ({ observedAt, origin, source: 'live' }) as const

const attributes: ItemAttributes = {
  ...{ title: 'Origin', bodyShape: 'Normal', stage: 4, level: 20, onchainLevel: 20, isBanned: false },
  ...{ mystic: 0, japanese: 0, xmas: 0, summer: 0, parts: [] },
}
const axie = (tokenId: number, change: Partial<ItemAttributes> | null = {}, tail = 'tail-koi-2'): Item => ({
  ...{ tokenId: String(tokenId), class: 'Aquatic', breedCount: 0, genes: null, image: null },
  parts: ['eyes-clear', 'ears-nyan', 'mouth-lam', 'horn-lagging', 'back-hermit', tail],
  attributes: change === null ? null : { ...attributes, ...change },
})
function listing(item: Item, usd: number, change: Partial<Listing['ask']> = {}): Listing {
  const wei = String(BigInt(usd) * 10n ** 15n)
  const prices = { basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei, currentPriceUsd: String(usd) }
  const ask = { kind: 'fixed' as const, paymentToken: 'weth', ...prices, startedAt: now - hourMillis, durationSeconds: 0, ...change }
  return { listingId: listingIdOf(item.tokenId, ask.startedAt), item, seller: '0xa', ask }
}
function sale(item: Item, soldAt: number): Sale {
  const sold = { item, soldAt, priceWei: '5000000000000000', priceUsd: '12', seller: null, buyer: null, txHash: null }
  return { saleId: saleIdOf(item.tokenId, sold), ...sold }
}

const contextOf = (events: readonly MarketEvent[], item: Item = axie(1)) =>
  contextFor(foldOn(initialMarketState(), events), profileOf(item), { seller: '0xb', listingId: 'x', observedAt: now })

const seen = (...listings: readonly Listing[]): MarketEvent[] => listings.map((one) => askSeenEvent(one, at(now - hourMillis / 2)))

test('the floor of a collection is the cheapest open ask of another axie of it', () => {
  const asks = seen(listing(axie(2), 90), listing(axie(3), 80), listing(axie(4, { title: '' }), 5), listing(axie(1), 1))
  expect(contextOf(asks).collection).toEqual({ name: 'origin', floorUsd: 80, asks: 2 })
})

test('it is that of the rarest collection that the axie belongs to', () => {
  const asks = seen(listing(axie(2), 90), listing(axie(3, { mystic: 2 }), 700))
  expect(contextOf(asks, axie(1, { mystic: 1 })).collection).toEqual({ name: 'mystic', floorUsd: 700, asks: 1 })
})

test('an axie of no collection has none, and one whose like nobody offers has an unknown one', () => {
  expect(contextOf(seen(listing(axie(2), 90)), axie(1, { title: '' })).collection).toBeNull()
  expect(contextOf(seen(listing(axie(2), 90)), axie(1, null)).collection).toBeNull()
  expect(contextOf([]).collection).toEqual({ name: 'origin', floorUsd: null, asks: 0 })
})

test('asks that have ended, were sold or withdrawn make no floor', () => {
  const [two, three, four] = [listing(axie(2), 30), listing(axie(3), 40, { expiredAt: now }), listing(axie(4), 50)]
  const ends = [
    cancellationEvent({ listingId: two.listingId, tokenId: '2' }, at(now - 60_000)),
    saleEvent(sale(axie(4), now - 60_000), at(now - 60_000)),
  ]
  expect(contextOf([...seen(two, three, four, listing(axie(5), 60)), ...ends]).collection).toEqual({
    name: 'origin',
    floorUsd: 60,
    asks: 1,
  })
})

test('the last sale tells how the axie was then, where that was seen as it happened', () => {
  const before = axie(1, { level: 3, onchainLevel: 1 }, 'tail-koi')
  const soldAt = now - 2 * dayMillis
  const last = (observedAt: number, origin: Origin = 'live') => {
    const { level, evolvedParts } = contextOf([saleEvent(sale(before, soldAt), at(observedAt, origin))]).ownLastSale!
    return { level, evolvedParts }
  }
  expect(last(soldAt + 60_000)).toEqual({ level: 3, evolvedParts: 0 })
  // Read later, it is described as it is now.
  expect(last(soldAt + 2 * hourMillis)).toEqual({ level: null, evolvedParts: null })
  expect(last(soldAt, 'backfill')).toEqual({ level: null, evolvedParts: null })
})

test('of a sale that told nothing of it, nothing is made up', () => {
  const soldAt = now - dayMillis
  expect(contextOf([saleEvent(sale(axie(1, null, 'tail-koi'), soldAt), at(soldAt))]).ownLastSale).toMatchObject({
    level: null,
    evolvedParts: null,
  })
})

test('a listing does not enter the context that it is given', () => {
  const own = listing(axie(1), 1)
  const before = contextOf(seen(listing(axie(2), 90)))
  const after = contextOf([...seen(listing(axie(2), 90)), listingEvent(own, at(now))])
  expect(after.collection).toEqual(before.collection)
})
