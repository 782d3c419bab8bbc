import type { DelayedFault, OfferFault } from './faults.ts'
import type { Happening, Offer, SettledSale, SimulatedAxie } from './happenings.ts'
import { createOfferBook, type OfferCriteria, type OpenOffer } from './offer-book.ts'
import type { Page, Slice } from './page.ts'
import { createSaleBook } from './sale-book.ts'

export type MarketCounts = Readonly<{
  listings: number
  sales: number
  withdrawals: number
  openOffers: number
  /** Distinct ones that an answer to the query of the newest held. */
  listingsShown: number
  salesShown: number
}>

/** A simulated market at one moment, which only moves forward. */
export interface Market {
  /** Lets happen what happens up to this moment, in milliseconds. Earlier moments change nothing. */
  advanceTo(millis: number): void
  now(): number
  newestOffers(slice: Slice, criteria: OfferCriteria): Page<OpenOffer>
  cheapestOffers(slice: Slice, criteria: OfferCriteria): Page<OpenOffer>
  /** @param lateMillis how long after it a sale shows */
  settledSales(slice: Slice, lateMillis?: number): Page<SettledSale>
  /** Sales newest first. Null for an axie that is not offered and was not sold for long. */
  axie(tokenId: string): { axie: SimulatedAxie; open: OpenOffer | null; sales: readonly SettledSale[] } | null
  /** An answer held these: for the counts. */
  show(results: readonly (OpenOffer | SettledSale)[]): void
  counts(): MarketCounts
  /** The offers that were made, the last 100,000, each with its place among those that an answer to the query of the newest held. */
  offersMade(): readonly Readonly<{ open: OpenOffer; shown: number | null }>[]
}

export type MarketOptions = Readonly<{
  happenings: Iterable<Happening>
  /** How many settled sales are remembered. */
  remembersSales: number
  /** What shall be wrong with an offer: asked once, when it appears. */
  faultOf?: (offer: Offer) => OfferFault | null
  /** How long after its beginning it happens to an offer, in milliseconds. */
  delayOf?: (fault: DelayedFault) => number
  /** It happened to an offer that an answer had held before, or to one that an answer now holds. */
  onHappened?: (fault: DelayedFault) => void
}>

const maxSalesMade = 100_000

export function createMarket(options: MarketOptions): Market {
  const { happenings, remembersSales, faultOf = () => null, delayOf = () => 0, onHappened = () => {} } = options
  let now = Number.NEGATIVE_INFINITY
  const offers = createOfferBook()
  const vanishing: Offer[] = []
  const resigning: Offer[] = []
  const sales = createSaleBook(remembersSales)
  const coming = happenings[Symbol.iterator]()
  let next = coming.next()
  const counts = { listings: 0, sales: 0, withdrawals: 0, listingsShown: 0, salesShown: 0 }
  /** The place of each among those of its kind. */
  const shown = new WeakMap<OpenOffer | SettledSale, number>()
  let made: OpenOffer[] = []
  const make = (open: OpenOffer): void => {
    made.push(open)
    // In bulk: taking single ones from the front of a long array is slow.
    if (made.length > maxSalesMade * 1.1) made = made.slice(-maxSalesMade)
  }

  const isIndexed = ({ offer, fault }: OpenOffer): boolean => fault !== 'indexedLate' || offer.startedAt + delayOf('indexedLate') <= now
  /** The newest that an answer held, and when the first was given: what showed by then was late for nobody. */
  let [newestShown, firstShownAt] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const showOffer = ({ offer, fault }: OpenOffer): void => {
    const isLate = offer.startedAt + delayOf('indexedLate') > firstShownAt && offer.startedAt < newestShown
    if (fault === 'indexedLate' && isLate) onHappened(fault)
    if (fault === 'resigned' && (offer.nonce ?? 0) > 0) onHappened(fault)
  }
  const vanish = (offer: Offer): void => {
    const open = offers.get(offer.axie.tokenId)
    if (open?.offer === offer && shown.has(open)) onHappened('vanishes')
    offers.remove(offer)
  }

  const happen = (happening: Happening): void => {
    if (happening.type === 'offered') {
      const fault = faultOf(happening.offer)
      const open = { offer: happening.offer, fault }
      offers.add(open)
      make(open)
      if (fault === 'vanishes') vanishing.push(happening.offer)
      if (fault === 'resigned') resigning.push(happening.offer)
      counts.listings++
      return
    }
    offers.remove(happening.offer)
    if (happening.type === 'sold') {
      sales.add(happening.sale)
      counts.sales++
    } else counts.withdrawals++
  }
  return {
    advanceTo(millis) {
      now = Math.max(now, millis)
      for (; next.done !== true && next.value.at <= now; next = coming.next()) happen(next.value)
      while (vanishing[0] !== undefined && vanishing[0].startedAt + delayOf('vanishes') <= now) vanish(vanishing.shift()!)
      while (resigning[0] !== undefined && resigning[0].startedAt + delayOf('resigned') <= now) {
        const again = offers.resign(resigning.shift()!, (offer) => signedAnew(offer, delayOf('resigned')))
        if (again !== null) make(again)
      }
    },
    now: () => now,
    newestOffers: (slice, criteria) => offers.newest(slice, criteria, isIndexed),
    cheapestOffers: (slice, criteria) => offers.cheapest(slice, criteria, now),
    settledSales: (slice, lateMillis = 0) => sales.newest(slice, now - lateMillis),
    axie(tokenId) {
      const [open, own] = [offers.get(tokenId), sales.get(tokenId)]
      const axie = open?.offer.axie ?? own[0]?.axie
      return axie === undefined ? null : { axie, open, sales: own }
    },
    show(results) {
      for (const result of results) {
        if (shown.has(result)) continue
        shown.set(result, counts['offer' in result ? 'listingsShown' : 'salesShown']++)
        if ('offer' in result) showOffer(result)
      }
      const newest = Math.max(...results.map((result) => ('offer' in result ? result.offer.startedAt : Number.NEGATIVE_INFINITY)))
      if (Number.isFinite(newest)) firstShownAt = Math.min(firstShownAt, now)
      newestShown = Math.max(newestShown, newest)
    },
    offersMade: () => made.map((open) => ({ open, shown: shown.get(open) ?? null })),
    counts: () => ({ ...counts, openOffers: offers.size }),
  }
}

/** Another order for the same axie. */
function signedAnew(offer: Offer, afterMillis: number): Offer {
  const dearer = (wei: string): string => ((BigInt(wei) * 11n) / 10n).toString()
  return {
    ...offer,
    nonce: (offer.nonce ?? 0) + 1,
    startedAt: offer.startedAt + afterMillis,
    basePriceWei: dearer(offer.basePriceWei),
    endedPriceWei: dearer(offer.endedPriceWei),
  }
}
