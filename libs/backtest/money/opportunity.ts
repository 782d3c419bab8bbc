/**
 * What a purchase could come to, before any luck: pure arithmetic over what was known when buying, and over what really happened later. The
 * tested model has no say in it but where nothing alike was ever sold: then its forecast is the first price, and that is counted.
 */

import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { median } from '#lib/numbers/median.ts'
import type { Candidate } from './candidate.ts'
import type { BookSale, Likeness, SaleBook } from './sale-book.ts'
import type { ExecutionSettings } from './settings.ts'

/**
 * assumed: when something was listed is made up, so who is first is a matter of chance. observed: listings have their times, so whoever
 * bought before us was first, and nobody else.
 */
export type Race = 'assumed' | 'observed'

export type Opportunity = Readonly<{
  offer: Candidate
  boughtAt: number
  /** Ask and gas. */
  costUsd: number
  firstPrice: FirstPrice
  /** The sale that a purchase comes before; it then never happens. */
  preempted: BookSale | undefined
  /** In the order of time; only the axie's own resale where that was seen in time, else sales alike by others at our price or more. */
  chances: readonly Chance[]
  /** It is on offer until then. */
  until: number
  /** The share of the hours it is on offer that hold any sale. */
  observedShare: number
  /** What its like had just been sold for when its time was over: the unsold are valued by it. */
  likeUsd: number
  /** The chance that nobody else was faster. */
  fill: number
}>

export type FirstPrice = Readonly<{ usd: number; from: 'alike' | 'forecast' }>

/** A real sale that may be ours: `own` is the axie's own resale, at its real price and certain; else ours goes at our price by chance. */
export type Chance = Readonly<{ own: boolean; sale: BookSale; priceUsd: number }>

/** Older sales say too little of now. */
const knownFor = 14 * dayMillis

export function opportunityOf(book: SaleBook, offer: Candidate, settings: ExecutionSettings, race: Race): Opportunity {
  const boughtAt = offer.listedAt + settings.delaySeconds * 1_000
  const preempted = ownSaleOf(book, offer)
  const until = boughtAt + settings.horizonHours * hourMillis
  const firstPrice = firstPriceOf(book, offer, boughtAt, settings)
  const own = resaleOf(book, offer, boughtAt, until)
  return {
    offer,
    boughtAt,
    costUsd: offer.askUsd + settings.gasUsd,
    firstPrice,
    preempted,
    chances:
      own === undefined
        ? alikeChances(book, offer, { boughtAt, until, firstPrice }, settings)
        : [{ own: true, sale: own, priceUsd: own.usd }],
    until,
    observedShare: book.observedShare(boughtAt, until),
    likeUsd: likeUsdOf(book, offer, Math.min(until, book.end), settings),
    fill:
      race === 'assumed'
        ? fillProbability(discountOf({ offer, firstPrice }), settings)
        : preempted !== undefined && preempted.soldAt <= boughtAt
          ? 0
          : 1,
  }
}

/** How much of a bargain it seemed to those who know what its like was sold for: the ask below our first price. */
export const discountOf = ({ offer, firstPrice }: Pick<Opportunity, 'offer' | 'firstPrice'>): number =>
  Math.max(0, 1 - offer.askUsd / firstPrice.usd)

/** The sale that a purchase comes before: the axie's first after the listing, at the very ask. Undefined: nobody bought it. */
export function ownSaleOf(book: SaleBook, offer: Candidate): BookSale | undefined {
  const [first] = book.ofAxie(offer.tokenId, offer.listedAt)
  return first?.wei === offer.askWei ? first : undefined
}

/** The chance that a listing is still there after the delay. The better the bargain, the smaller: others see it too. */
export function fillProbability(
  discount: number,
  { delaySeconds, halfLifeMinutes, competition }: Pick<ExecutionSettings, 'delaySeconds' | 'halfLifeMinutes' | 'competition'>,
): number {
  const halfLifeSeconds = halfLifeMinutes * 60 * (1 - discount) ** competition
  return delaySeconds === 0 ? 1 : 2 ** (-delaySeconds / halfLifeSeconds)
}

/** What is asked some time after buying: cut once a day. */
export const priceAfter = (firstUsd: number, millis: number, { cutPerDay }: Pick<ExecutionSettings, 'cutPerDay'>): number =>
  firstUsd * (1 - cutPerDay) ** Math.floor(millis / dayMillis)

/** The first sale after buying that says what it was worth then: its own, else one of its like, whatever the price. */
export function nextExitOf(book: SaleBook, offer: Candidate, settings: ExecutionSettings): BookSale | undefined {
  const boughtAt = offer.listedAt + settings.delaySeconds * 1_000
  const until = boughtAt + settings.horizonHours * hourMillis
  return resaleOf(book, offer, boughtAt, until) ?? ofOthers(book.like('alike', offer.keys, boughtAt, until), offer)[0]
}

function firstPriceOf(book: SaleBook, offer: Candidate, boughtAt: number, { offerSales, undercutRatio }: ExecutionSettings): FirstPrice {
  const known = ofOthers(book.like('alike', offer.keys, boughtAt - knownFor, boughtAt), offer).slice(-offerSales)
  if (known.length > 0) return { usd: median(known.map(({ usd }) => usd)) * (1 - undercutRatio), from: 'alike' }
  return { usd: (offer.quantilesUsd[2] as number) * (1 - undercutRatio), from: 'forecast' }
}

/** The next sale of this axie but the one we come before, no more bred than when we bought it. */
function resaleOf(book: SaleBook, offer: Candidate, boughtAt: number, until: number): BookSale | undefined {
  const preempted = ownSaleOf(book, offer)
  return book
    .ofAxie(offer.tokenId, offer.listedAt)
    .find((sale) => sale !== preempted && sale.soldAt > boughtAt && sale.soldAt <= until && sale.breedCount === offer.breedCount)
}

function alikeChances(
  book: SaleBook,
  offer: Candidate,
  { boughtAt, until, firstPrice }: Readonly<{ boughtAt: number; until: number; firstPrice: FirstPrice }>,
  settings: ExecutionSettings,
): Chance[] {
  return ofOthers(book.like('alike', offer.keys, boughtAt, until), offer).flatMap((sale) => {
    const priceUsd = priceAfter(firstPrice.usd, sale.soldAt - boughtAt, settings)
    return sale.usd >= priceUsd ? [{ own: false, sale, priceUsd }] : []
  })
}

const ofOthers = (sales: readonly BookSale[], { tokenId }: Candidate): readonly BookSale[] =>
  sales.filter((sale) => sale.tokenId !== tokenId)

/** The median of the newest sales of others, at the finest likeness that has any; 0 where none has: the worst that can be. */
export function likeUsdOf(book: SaleBook, offer: Candidate, at: number, { offerSales }: ExecutionSettings): number {
  for (const likeness of ['alike', 'similar', 'kind'] satisfies Likeness[]) {
    // A few more than wanted: some may be the axie's own.
    const sales = ofOthers(book.newestLike(likeness, offer.keys, at - knownFor, at, offerSales * 2), offer).slice(-offerSales)
    if (sales.length > 0) return median(sales.map(({ usd }) => usd))
  }
  return 0
}
