import type { Collecting, Decision } from '#app/collector/decision.ts'
import { listingIdOf, payloadOf, saleIdOf } from '#lib/market/event.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Reading, Seen, SeenReject } from '#lib/marketplace/newest-first.ts'
import type { Item, Listing, MarketEvent, Sale } from '#schemas/types.ts'

/** Listings, sales and readings, for tests. Times are seconds since the opening of a market. */

export const opening = Date.parse('2026-01-01T00:00:00Z')
export const at = (seconds: number): number => opening + seconds * 1_000

export const collecting: Collecting = {
  source: 'recorded',
  memory: { capacity: 5, firstLookMillis: 60_000 },
  maxEvents: 100,
  tracks: 3,
}

const itemOf = (tokenId: number): Item => ({
  tokenId: String(tokenId),
  class: 'Plant',
  breedCount: 1,
  genes: null,
  parts: ['eyes-clear', 'ears-nyan', 'mouth-lam', 'horn-lagging', 'back-hermit', 'tail-koi'],
  image: null,
})

export const listing = (tokenId: number, seconds: number): Listing => ({
  listingId: listingIdOf(String(tokenId), at(seconds)),
  item: itemOf(tokenId),
  seller: '0x1',
  ask: {
    kind: 'fixed',
    paymentToken: '0x2',
    basePriceWei: '7000000000000000',
    endedPriceWei: '7000000000000000',
    currentPriceWei: '7000000000000000',
    currentPriceUsd: '21',
    startedAt: at(seconds),
    durationSeconds: 0,
  },
})

export const sale = (tokenId: number, seconds: number): Sale => ({
  saleId: saleIdOf(String(tokenId), { txHash: `0x${tokenId}x${seconds}`, soldAt: at(seconds) }),
  item: itemOf(tokenId),
  soldAt: at(seconds),
  priceWei: '7000000000000000',
  priceUsd: '21',
  seller: '0x1',
  buyer: '0x3',
  txHash: `0x${tokenId}x${seconds}`,
})

/** An axie with all its sales, the newest first. */
export const settled = (...sales: readonly Sale[]): SettledEntry => ({ newest: sales[0]!, sales, isCut: false })

export function reading<Item>(
  seconds: number,
  items: readonly Item[],
  { known = [], rejects = [] }: { known?: readonly Item[]; rejects?: readonly string[] } = {},
): Reading<Item> {
  const when = { heldAt: 777, marketTime: at(seconds) }
  return {
    items: items.map((item): Seen<Item> => ({ item, ...when })),
    rejects: rejects.map((key): SeenReject => ({ reject: { key, code: 'bad_price', message: 'no', tokenId: null, raw: '{}' }, ...when })),
    known,
    top: [...items, ...known],
    complete: true,
    cut: null,
  }
}

export const idsOf = ({ events }: Decision): string[] => events.map(({ event }) => event.eventId)
export const kindOf = (event: MarketEvent): string => payloadOf(event).kind
