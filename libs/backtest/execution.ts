/**
 * What would have come of buying a listing: pure arithmetic over what really happened. The tested model has no say in it.
 */
import { dayMillis, hourMillis } from '#lib/market/horizons.ts'
import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { median } from '#lib/numbers/median.ts'
import type { BookSale, Likeness, LikenessKeys, SaleBook } from './sale-book.ts'

export type ExecutionSettings = Readonly<{
  /** From the listing until a person has bought. */
  delaySeconds: number
  /** A fairly priced listing is taken by someone else within so long, in half of all cases. */
  halfLifeMinutes: number
  /** How much faster a bargain goes: the half-life is multiplied by (1 - discount) to this power. 0: as slowly as any other. */
  competition: number
  /** The market's share of a sale. */
  feeRatio: number
  /** For each of two transactions, buying and selling. */
  gasUsd: number
  /** Below the median of what similar axies go for, to be sold among them. */
  undercutRatio: number
  /** Similar sales so long after buying are what it could be sold for. */
  exitHours: number
  capitalUsd: number
  /** The dearest single purchase. */
  perTradeUsd: number
  maximumPositions: number
}>

export const defaultExecution: ExecutionSettings = {
  delaySeconds: 60,
  halfLifeMinutes: 30,
  competition: 4,
  feeRatio: 0.0425,
  gasUsd: 0.02,
  undercutRatio: 0.02,
  exitHours: 72,
  capitalUsd: 1_000,
  perTradeUsd: 200,
  maximumPositions: 100,
}

/** A listing as one who buys sees it. */
export type Offer = Readonly<{
  listingId: string
  tokenId: string
  breedCount: number
  keys: LikenessKeys
  listedAt: number
  askUsd: number
  askWei: string
}>

/**
 * - resold: the same axie, no more bred, was really sold again: for that price
 * - similar: the next 2 to 5 axies alike by others, within `exitHours`: for their median less the undercut
 * - unsold: neither; marked at the lower quartile of what its like was sold for, and never turned into money. A mark is no gain: above
 *   what was paid it counts as what was paid
 * - censored: neither, and the data end before `exitHours` are over: marked the same way, and not counted among what came of it
 */
export type ExitKind = 'resold' | 'similar' | 'unsold' | 'censored'

export type Exit = Readonly<{
  kind: ExitKind
  at: number
  /** Before fee and gas. */
  priceUsd: number
  /** Of how many sales the price was made. */
  sales: number
}>

export type Outcome = Readonly<{
  offer: Offer
  boughtAt: number
  exit: Exit
  /** After fee, gas and what was paid. */
  gainUsd: number
  /** Less what the same money would have gained by the market's move alone. */
  gainOverMarketUsd: number
  /** 1 - ask / exit price, at least 0: how much of a bargain it turned out to be. */
  discount: number
  /** The chance that nobody else was faster. */
  fill: number
}>

const leastSimilar = 2
const mostSimilar = 5
const mark = { days: 14, mostSales: 30 }

/**
 * assumed: when something was listed is made up, so who is first is a matter of chance. observed: listings have their times, so whoever
 * bought before us was first, and nobody else.
 */
export type Race = 'assumed' | 'observed'

export function outcomeOf(book: SaleBook, offer: Offer, settings: ExecutionSettings, race: Race = 'assumed'): Outcome {
  const boughtAt = offer.listedAt + settings.delaySeconds * 1_000
  const exit = exitOf(book, offer, boughtAt, settings)
  const afterCosts = exit.priceUsd * (1 - settings.feeRatio) - 2 * settings.gasUsd - offer.askUsd
  const gainUsd = isSold(exit) ? afterCosts : Math.min(0, afterCosts)
  const move = Math.expm1(book.levelAt(exit.at) - book.levelAt(boughtAt))
  const discount = exit.priceUsd > 0 ? Math.max(0, 1 - offer.askUsd / exit.priceUsd) : 0
  return {
    offer,
    boughtAt,
    exit,
    gainUsd,
    gainOverMarketUsd: gainUsd - offer.askUsd * (Number.isFinite(move) ? move : 0),
    discount,
    fill: race === 'assumed' ? fillProbability(discount, settings) : isGoneBy(book, offer, boughtAt) ? 0 : 1,
  }
}

export const isSold = ({ kind }: Exit): boolean => kind === 'resold' || kind === 'similar'

const isGoneBy = (book: SaleBook, offer: Offer, time: number): boolean =>
  (ownSaleOf(book, offer)?.soldAt ?? Number.POSITIVE_INFINITY) <= time

/** The sale that a purchase comes before: the axie's first after the listing, at the very ask. Undefined: nobody bought it. */
export function ownSaleOf(book: SaleBook, offer: Offer): BookSale | undefined {
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

export function exitOf(book: SaleBook, offer: Offer, boughtAt: number, settings: ExecutionSettings): Exit {
  const resale = resaleOf(book, offer, boughtAt)
  if (resale !== undefined) return { kind: 'resold', at: resale.soldAt, priceUsd: resale.usd, sales: 1 }
  const until = boughtAt + settings.exitHours * hourMillis
  const others = ofOthers(book.like('alike', offer.keys, boughtAt, until), offer).slice(0, mostSimilar)
  if (others.length >= leastSimilar) {
    const priceUsd = median(others.map(({ usd }) => usd)) * (1 - settings.undercutRatio)
    return { kind: 'similar', at: (others.at(-1) as BookSale).soldAt, priceUsd, sales: others.length }
  }
  const at = Math.min(until, book.end)
  return { kind: until > book.end ? 'censored' : 'unsold', at, ...markOf(book, offer, at) }
}

/** The next sale of this axie but its own. */
function resaleOf(book: SaleBook, offer: Offer, boughtAt: number): BookSale | undefined {
  const own = ownSaleOf(book, offer)
  return book
    .ofAxie(offer.tokenId, offer.listedAt)
    .find((sale) => sale !== own && sale.soldAt > boughtAt && sale.breedCount === offer.breedCount)
}

const ofOthers = (sales: readonly BookSale[], { tokenId }: Offer): readonly BookSale[] => sales.filter((sale) => sale.tokenId !== tokenId)

/** The lower quartile of the newest sales of others, at the finest likeness that has two; 0 where none has: the worst that can be. */
function markOf(book: SaleBook, offer: Offer, at: number): Pick<Exit, 'priceUsd' | 'sales'> {
  for (const likeness of ['alike', 'similar', 'kind'] satisfies Likeness[]) {
    const prices = ofOthers(book.newestLike(likeness, offer.keys, at - mark.days * dayMillis, at, mark.mostSales), offer).map(
      ({ usd }) => usd,
    )
    if (prices.length >= leastSimilar) return { priceUsd: quantileOfSorted(Float64Array.from(prices).sort(), 0.25), sales: prices.length }
  }
  return { priceUsd: 0, sales: 0 }
}
