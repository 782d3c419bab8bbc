/**
 * Market events written straight into market.events, where a test or a benchmark wants to decide how many there are and when:
 * generated sales as history, then generated listings, each of another axie.
 */

import { partTypes } from '#lib/axie/parts.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { listingEvent, listingIdOf, marketKey, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { topicName } from '#lib/market/topics.ts'
import type { NewRecord } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import type { SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

const ethUsd = 3_000
const seed = 7

export type FeedOptions = Readonly<{
  /** Market time at which the listings begin. */
  start: number
  historyHours: number
  listings: number
  /** Market milliseconds between two listings. */
  everyMillis: number
  /** Ask as a share of what the axie would sell for: 0.4 makes many alerts. */
  askShare: number
}>

export type Feed = Readonly<{ history: readonly MarketEvent[]; listings: readonly MarketEvent[] }>

export function createFeed({ start, historyHours, listings, everyMillis, askShare }: FeedOptions): Feed {
  const sales = syntheticSales({ seed, start: start - historyHours * hourMillis, salesPerHour: 200 })
  const history: MarketEvent[] = []
  for (let sold = sales.next().value; sold.soldAt < start; sold = sales.next().value) history.push(soldEvent(sold))
  const offered = Array.from({ length: listings }, (_, index) => {
    const sold = sales.next().value
    return offeredEvent({ ...sold, tokenId: String(100_000_000 + index) }, start + (index + 1) * everyMillis, sold.priceUsd * askShare)
  })
  return { history, listings: offered }
}

/** `collectedAt`: wall-clock milliseconds, for records whose latency shall be measured. */
export function feedRecord(codec: Codec, prefix: string, event: MarketEvent, collectedAt?: number): NewRecord {
  const headers = collectedAt === undefined ? {} : { headers: { [collectedAtHeader]: String(collectedAt) } }
  return { topic: topicName(prefix, 'market.events'), key: marketKey, value: codec.encode('MarketEvent', event), ...headers }
}

const itemOf = ({ tokenId, class: name, breedCount, parts }: SoldAxie): Item => ({
  tokenId,
  class: name,
  breedCount,
  genes: null,
  parts: partTypes.map((type) => parts[type]),
  image: null,
})

function soldEvent(sold: SoldAxie): MarketEvent {
  const { soldAt, tokenId, priceUsd } = sold
  const saleId = saleIdOf(tokenId, { txHash: null, soldAt })
  const price = { priceWei: usdToWei(priceUsd, ethUsd), priceUsd: String(priceUsd) }
  const sale = { saleId, item: itemOf(sold), soldAt, ...price, seller: null, buyer: null, txHash: null }
  return saleEvent(sale, { observedAt: soldAt, origin: 'backfill', source: 'synthetic' })
}

function offeredEvent(sold: SoldAxie, startedAt: number, askUsd: number): MarketEvent {
  const wei = usdToWei(askUsd, ethUsd)
  const seller = `0x${sold.tokenId.padStart(40, '0')}`
  const prices = { basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei, currentPriceUsd: askUsd.toFixed(2) }
  const ask = { kind: 'fixed', paymentToken: 'WETH', ...prices, startedAt, durationSeconds: 0 } as const
  const listing = { listingId: listingIdOf(sold.tokenId, startedAt), item: itemOf(sold), seller, ask }
  return listingEvent(listing, { observedAt: startedAt, origin: 'live', source: 'synthetic' })
}
