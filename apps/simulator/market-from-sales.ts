import { hourMillis, secondMillis } from '#lib/clock/durations.ts'
import { usdToWei } from '#lib/market/money.ts'
import { createHeap } from '#lib/synthetic/heap.ts'
import { createRandom, type Random } from '#lib/synthetic/random.ts'
import type { SoldAxie } from '#lib/synthetic/sold-axie.ts'
import { ethUsd, type Happening, type Offer, type SettledSale, type SimulatedAxie } from './happenings.ts'
import { createOwners, type Owners } from './owners.ts'
import { createRecentMap } from './recent-map.ts'

export type MarketFromSalesOptions = Readonly<{
  seed: number
  /** How many asks that never sell appear for each sale. */
  unsoldShare: number
  /** How many of these ask half of what their like sold for. */
  bargainShare?: number
  /** Whether a token id belongs, or may come to belong, to an axie of the sales: made-up axies take other ids. */
  isTaken(tokenId: number): boolean
}>

const maxTimeToSell = 48 * hourMillis
const shortestTimeToSell = 20 * secondMillis
const medianTimeToSell = 0.5 * hourMillis
const timeToSellSpread = 1.7

/**
 * A market around sales. The sales are the source's word: axie, moment and price. **Made up** is what a list of sales cannot tell:
 *
 * - When each was offered: it appears some time before its sale, at the price it sold for. Time to sell is log-normal with a median of
 *   half an hour (5% within 2 minutes, 5% over 8 hours), between 20 seconds and 48 hours, and never before the axie's sale before.
 * - Asks that do not sell: `unsoldShare` for each sale, of a similar axie (same class and parts, at times other eyes), 5% or more above
 *   that sale (or half of it, for `bargainShare` of them), one in seven of them Dutch, withdrawn after two days on average.
 * - Sellers and buyers: drawn from 4,000 addresses, few of which trade much; who bought an axie is who sells it next.
 * - The exchange rate: 3,000 dollars for one ETH, so wei are dollars / 3,000 to the gwei. Transaction hashes, genes, order numbers.
 *
 * The sales must come in order of time. Memory: the sales of 48 hours and the asks that are open.
 */
export function* marketFromSales(sales: Iterable<SoldAxie>, options: MarketFromSalesOptions): Generator<Happening, void, void> {
  const random = createRandom('market', options.seed)
  const owners = createOwners(options.seed)
  const makeUnsold = createUnsoldAsks(options, random, owners.next)
  const waiting = createHeap<Happening>(({ at }) => at)
  const lastSold = createRecentMap<number>(maxTimeToSell)

  for (const sold of sales) {
    // Nothing that is still to come can begin before this: earlier happenings are complete.
    while ((waiting.peek()?.at ?? Number.POSITIVE_INFINITY) < sold.soldAt - maxTimeToSell) yield waiting.pop()!
    const { offer, sale } = offerThatSold(sold, offeredAt(sold, lastSold.get(sold.tokenId), random), owners)
    lastSold.set(sold.tokenId, sold.soldAt, sold.soldAt)
    waiting.push({ type: 'offered', at: offer.startedAt, offer })
    waiting.push({ type: 'sold', at: sale.soldAt, offer, sale })
    if (!random.chance(options.unsoldShare)) continue
    const unsold = makeUnsold(sold)
    waiting.push({ type: 'offered', at: unsold.startedAt, offer: unsold })
    const withdrawnAt = unsold.startedAt + Math.round(600 + random.exponential(2 * 86_400)) * secondMillis
    waiting.push({ type: 'withdrawn', at: withdrawnAt, offer: unsold })
  }
  while (waiting.size > 0) yield waiting.pop()!
}

function offeredAt(sold: SoldAxie, soldBefore: number | undefined, random: Random): number {
  const drawn = medianTimeToSell * Math.exp(timeToSellSpread * random.normal())
  const timeToSell = Math.min(maxTimeToSell, Math.max(shortestTimeToSell, drawn))
  const earliest = soldBefore ?? Number.NEGATIVE_INFINITY
  return Math.max(earliest, Math.floor((sold.soldAt - timeToSell) / secondMillis) * secondMillis)
}

function offerThatSold(sold: SoldAxie, startedAt: number, owners: Owners): { offer: Offer; sale: SettledSale } {
  const { soldAt, priceUsd, ...axie } = sold
  const priceWei = usdToWei(priceUsd, ethUsd)
  const { seller, buyer } = owners.trade(axie.tokenId, soldAt)
  return {
    offer: { axie, seller, startedAt, durationSeconds: 0, basePriceWei: priceWei, endedPriceWei: priceWei },
    sale: { axie, soldAt, priceWei, priceUsd, seller, buyer, txHash: owners.txHash(axie.tokenId, soldAt) },
  }
}

/** As special as the one that it is like. */
const attributesOf = ({ attributes }: Pick<SoldAxie, 'attributes'>) => (attributes === undefined ? {} : { attributes })

function createUnsoldAsks(
  { isTaken, bargainShare = 0 }: MarketFromSalesOptions,
  random: Random,
  nextSeller: () => string,
): (like: SoldAxie) => Offer {
  const lastOfClass = new Map<string, SimulatedAxie>()
  const used = createRecentMap<true>(30 * 24 * hourMillis)

  const freeTokenId = (near: number, at: number): string => {
    let tokenId = near + 1 + random.below(50)
    while (isTaken(tokenId) || used.get(String(tokenId)) !== undefined) tokenId++
    used.set(String(tokenId), true, at)
    return String(tokenId)
  }
  const similarTo = ({ soldAt, tokenId, ...like }: SoldAxie): SimulatedAxie => {
    const donor = lastOfClass.get(like.class)
    const parts = donor !== undefined && random.chance(0.5) ? { ...like.parts, eyes: donor.parts.eyes } : like.parts
    const breedCount = Math.min(7, like.breedCount + (random.chance(0.3) ? 1 : 0))
    return { tokenId: freeTokenId(Number(tokenId), soldAt), class: like.class, breedCount, parts, ...attributesOf(like) }
  }
  return (like) => {
    const axie = similarTo(like)
    lastOfClass.set(like.class, like)
    const isDutch = random.chance(1 / 7)
    const dearer = 1.05 + random.exponential(0.35)
    // Not drawn where there are none: markets of before stay as they were.
    const endedUsd = like.priceUsd * (bargainShare > 0 && random.chance(bargainShare) ? 0.5 : dearer)
    const baseUsd = isDutch ? endedUsd * (1.3 + random.next()) : endedUsd
    return {
      axie,
      seller: nextSeller(),
      startedAt: like.soldAt - random.below(4 * 3_600) * secondMillis,
      durationSeconds: isDutch ? 86_400 : 0,
      basePriceWei: usdToWei(baseUsd, ethUsd),
      endedPriceWei: usdToWei(endedUsd, ethUsd),
    }
  }
}
