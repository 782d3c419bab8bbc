import { listingEvent, listingIdOf, payloadOf } from '#lib/market/event.ts'
import type { Ask, MarketEvent, Sale } from '#schemas/types.ts'

/**
 * A list of sales says when and for how much, not when the axie was offered. So each sale is **taken as a listing at its price, one
 * millisecond before its second begins**: after every earlier sale, before any sale of its own second (sales of one second are mostly one
 * transaction, and must not see each other). This is the moment that training examples are taken at, too. What is made up: the moment of
 * the listing, its seller (another one each time), and that nothing is on offer but what sells in that second.
 *
 * @param events in the order of time
 */
export function* withListings(events: Iterable<MarketEvent>): Generator<MarketEvent, void, undefined> {
  let second: MarketEvent[] = []
  for (const event of events) {
    if (second[0] !== undefined && secondOf(second[0]) !== secondOf(event)) {
      yield* listedThenSold(second)
      second = []
    }
    second.push(event)
  }
  yield* listedThenSold(second)
}

const secondOf = ({ eventTime }: MarketEvent): number => Math.floor(eventTime / 1_000)

function* listedThenSold(second: readonly MarketEvent[]): Generator<MarketEvent, void, undefined> {
  for (const event of second) {
    const payload = payloadOf(event)
    if (payload.kind === 'Sale') yield listingBefore(payload.value, event)
  }
  yield* second
}

function listingBefore(sale: Sale, event: MarketEvent): MarketEvent {
  const { item, priceWei, priceUsd } = sale
  const startedAt = secondOf(event) * 1_000 - 1
  const prices = { basePriceWei: priceWei, endedPriceWei: priceWei, currentPriceWei: priceWei, currentPriceUsd: priceUsd }
  const ask: Ask = { kind: 'fixed', paymentToken: 'WETH', ...prices, startedAt, durationSeconds: 0 }
  const listing = { listingId: listingIdOf(item.tokenId, startedAt), item, seller: `seller of ${sale.saleId}`, ask }
  return listingEvent(listing, { observedAt: startedAt, origin: 'live', source: event.source })
}
