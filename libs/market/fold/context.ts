import { collectionsOf } from '#lib/axie/attributes.ts'
import { classNumber } from '#lib/axie/classes.ts'
import { comboScoreOf, noLeaderboard } from '#lib/axie/combo-score.ts'
import { identicalKey, rungNumber, similarKey, type Traits, traitsOfProfile } from '#lib/axie/similarity.ts'
import { leaderboardMillis, salesMillis } from '#lib/market/horizons.ts'
import { type Levels, referenceOf } from '#lib/market/levels/rolling-level.ts'
import { ladderMeasures } from '#lib/market/measures/ladder-measures.ts'
import { levelMeasures } from '#lib/market/measures/level-measures.ts'
import { measureSet } from '#lib/market/measures/measures.ts'
import { neighbourMeasures } from '#lib/market/measures/neighbour-measures.ts'
import { lastSaleOf, ownMeasures } from '#lib/market/measures/own-measures.ts'
import { residualMeasures } from '#lib/market/measures/residual-measures.ts'
import type { SaleHistory, SaleNumber } from '#lib/market/memory/sale-history.ts'
import type { CollectionFloor, ItemProfile, LevelWindows, MarketContext, OwnLastSale, SimilarSale } from '#schemas/types.ts'
import { alikeSalesOf } from './alike-sales.ts'
import { ratesAt } from './fold.ts'
import { itemModelOf, type MarketState } from './market-state.ts'

/** The listing (or a sale taken as one) that a context is wanted for. Its price is not among this: no context may depend on it. */
export type ContextSubject = Readonly<{ seller: string; listingId: string; observedAt: number }>

const similarRung = rungNumber('c4')
const maxSimilarSales = 5

const windowsOf = (levels: Levels): LevelWindows => ({
  hours6: levels.hours6.midmean(),
  hours24: levels.hours24.midmean(),
  days7: levels.days7.midmean(),
})

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

function similarSales(sales: SaleHistory, newest: SaleNumber, traits: Traits, asOf: number): SimilarSale[] {
  const found: SimilarSale[] = []
  const identical = identicalKey(traits)
  for (let sale = newest; sale !== 0; sale = sales.olderLike(similarRung, sale)) {
    if (found.length === maxSimilarSales || sales.soldAt(sale) <= asOf - salesMillis) break
    found.push({
      saleId: sales.saleId(sale),
      tokenId: sales.tokenId(sale),
      usd: sales.usd(sale),
      soldAt: sales.soldAt(sale),
      breedCount: sales.breedCount(sale),
      identical: sales.identicalKey(sale) === identical,
      relative: orNull(sales.relative(sale)),
    })
  }
  return found
}

const ownLastSale = (sales: SaleHistory, sale: SaleNumber): OwnLastSale | null =>
  sale === 0
    ? null
    : {
        usd: sales.usd(sale),
        soldAt: sales.soldAt(sale),
        breedCount: sales.breedCount(sale),
        relative: orNull(sales.relative(sale)),
        ...sales.growth(sale),
      }

/** The rarest collection it belongs to, and what the cheapest other of it asks: a query of the open asks, as those alike are. */
function collectionFloor(state: MarketState, profile: ItemProfile, asOf: number): CollectionFloor | null {
  const [name] = collectionsOf(profile)
  if (name === undefined) return null
  const { usd, count } = state.asks.floor({ collection: name, tokenId: profile.tokenId, at: asOf, rates: ratesAt(state, asOf) })
  return { name, floorUsd: usd, asks: count }
}

/**
 * What is known of the market around an axie, from the events folded so far, as of `observedAt` (or the fold's clock, where that is
 * later). Reads, never changes: the state may be asked about any axie at any time. For a sale as a training example, ask before the
 * sales of its second are applied.
 */
export function contextFor(state: MarketState, profile: ItemProfile, subject: ContextSubject): MarketContext {
  const asOf = Math.max(state.clock, subject.observedAt)
  const { sales, levels } = state
  const traits = traitsOfProfile(profile)
  const { market, group: ofClass } = levels.at(asOf, classNumber(profile.class))
  const rates = ratesAt(state, asOf)
  const leaderboard =
    state.leaderboard !== null && state.leaderboard.knownAt > asOf - leaderboardMillis ? state.leaderboard.combos : noLeaderboard
  const combo = leaderboard.comboOf(profile)
  const asks = state.asks.similar({
    similarKey: similarKey(traits),
    identicalKey: identicalKey(traits),
    tokenId: profile.tokenId,
    at: asOf,
    rates,
  })
  const marketWindows = windowsOf(market)
  const newestLikes = sales.newestLikes(traits)
  const measures: number[] = []
  levelMeasures.write(measures, { levels, market, class: ofClass, asOf })
  ladderMeasures.write(measures, { sales, newestLikes, asOf })
  neighbourMeasures.write(measures, { classSales: state.classSales, traits, asOf })
  const reference = referenceOf(market)?.midmean() ?? null
  ownMeasures.write(measures, { sales, tokenId: profile.tokenId, breedCount: profile.breedCount, asOf, reference, combo })
  const effect = itemModelOf(state)?.effectOf(profile, asOf) ?? null
  const { tokenId } = profile
  residualMeasures.write(measures, { levels: state.residualLevels, sales, classNumber: traits[0], newestLikes, tokenId, asOf, effect })
  return {
    asOf,
    ethUsd: rates?.ETH ?? null,
    market: marketWindows,
    class: windowsOf(ofClass),
    trend: marketWindows.hours6 === null || marketWindows.days7 === null ? null : marketWindows.hours6 - marketWindows.days7,
    salesPerHour: market.hours24.count() / 24,
    similarSales: similarSales(sales, newestLikes[similarRung] as SaleNumber, traits, asOf),
    similarAsks: asks.cheapest,
    similarAskCount: asks.count,
    ownLastSale: ownLastSale(sales, lastSaleOf(sales, profile.tokenId, asOf)),
    sellerListings: state.sellers.count(subject.seller, subject.listingId, asOf),
    comboScore: comboScoreOf(combo),
    measureSet,
    measures,
    collection: collectionFloor(state, profile, asOf),
    alike: alikeSalesOf(sales, state.watchedHours, { traits, tokenId, newest: newestLikes[similarRung] as SaleNumber, asOf }),
  }
}
