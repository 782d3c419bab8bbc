import { marketFeeRatio } from '#lib/market/fee.ts'
import { exitOf, netGainUsd } from '#lib/rules/judge.ts'
import type {
  Alert,
  Demand,
  EnrichedListing,
  Explanation,
  ItemProfile,
  Outcome,
  PriceQuantiles,
  ScoredListing,
  Source,
} from '#schemas/types.ts'

/**
 * What people are shown of a scored listing, as JSON: the page and the API speak the same. Everything that is a name comes from the
 * market and may be anything: the page writes it as text, never as markup.
 */
export type ListingRow = Readonly<{
  listingId: string
  axieId: string
  class: string
  breedCount: number
  askUsd: number
  askEth: number
  forecastUsd: PriceQuantiles
  /** Dollars: for sums over many axies. Null in records older than this field. */
  mean: number | null
  /** Dollars: what it sells for next when bought at its ask. Null of models that know no exits. */
  exit: PriceQuantiles | null
  /** The chance that another alike sells at the median or more within a number of hours. */
  demand: Demand | null
  /** Median exit (forecast, where no exits are known) less fee less ask. */
  netGainUsd: number
  novelty: number
  listedAt: number
  /** When we knew of it, by the market's clock. */
  observedAt: number
  /** Anything but `live` is simulated. */
  source: Source
  modelId: string
}>

export const rowOf = ({ listing, quantilesUsd, mean, exit, demand, novelty, modelId }: ScoredListing): ListingRow => ({
  listingId: listing.listingId,
  axieId: listing.item.tokenId,
  class: listing.item.class,
  breedCount: listing.item.breedCount,
  askUsd: listing.ask.usd,
  askEth: listing.ask.eth,
  forecastUsd: quantilesUsd,
  mean,
  exit,
  demand,
  netGainUsd: netGainUsd(exitOf({ exit, quantilesUsd }).q50, listing.ask.usd, { feeRatio: marketFeeRatio }),
  novelty,
  listedAt: listing.ask.startedAt,
  observedAt: listing.observedAt,
  source: listing.source,
  modelId,
})

/** What the axie is. */
export const itemOf = (item: ItemProfile) => ({
  axieId: item.tokenId,
  class: item.class,
  breedCount: item.breedCount,
  purity: item.purity,
  geneQuality: item.geneQuality,
  stats: item.stats,
  cards: item.cards,
  parts: item.parts,
  specialParts: item.specialParts,
  attributes: item.attributes ?? null,
  image: item.image,
})

const levelUsd = (logUsd: number | null): number | null => (logUsd === null ? null : Math.exp(logUsd))

/** What is known around it, strictly before the moment it stands for. */
export const evidenceOf = ({ context, bids = null }: Pick<EnrichedListing, 'context' | 'bids'>) => ({
  asOf: context.asOf,
  ethUsd: context.ethUsd,
  marketLevelUsd: levelUsd(context.market.hours24 ?? context.market.days7),
  classLevelUsd: levelUsd(context.class.hours24 ?? context.class.days7),
  /** 6 h against 7 d, as a ratio less 1. */
  trend: context.trend === null ? null : Math.expm1(context.trend),
  salesPerHour: context.salesPerHour,
  similarSales: context.similarSales.map(({ tokenId, usd, soldAt, breedCount, identical }) => ({
    axieId: tokenId,
    usd,
    soldAt,
    breedCount,
    identical,
  })),
  similarAsks: context.similarAsks.map(({ tokenId, usd, seenAt, breedCount, identical }) => ({
    axieId: tokenId,
    usd,
    seenAt,
    breedCount,
    identical,
  })),
  similarAskCount: context.similarAskCount,
  ownLastSale:
    context.ownLastSale === null
      ? null
      : {
          usd: context.ownLastSale.usd,
          soldAt: context.ownLastSale.soldAt,
          breedCount: context.ownLastSale.breedCount,
          level: context.ownLastSale.level ?? null,
          evolvedParts: context.ownLastSale.evolvedParts ?? null,
        },
  bids,
  collection: context.collection ?? null,
  sellerListings: context.sellerListings,
  comboScore: context.comboScore,
})

const maxReasons = 6

/** What makes the median: where any axie's price starts, and what moves this one's most, each as a ratio less 1. Null: nobody can say. */
export const whyOf = (explanation: Explanation | null) =>
  explanation === null
    ? null
    : {
        baseUsd: Math.exp(explanation.base),
        reasons: explanation.contributions.slice(0, maxReasons).map(({ reason, effect }) => ({ reason, effect: Math.expm1(effect) })),
      }

export type AlertCard = ReturnType<typeof cardOf>

/** An alert with its proof, and what became of it as far as is known. */
export const cardOf = (alert: Alert, outcome: Outcome | null) => ({
  alertId: alert.alertId,
  listing: rowOf(alert.scored),
  item: itemOf(alert.scored.listing.item),
  evidence: evidenceOf(alert.scored.listing),
  why: whyOf(alert.scored.explanation),
  rule: alert.rule,
  reason: alert.reason,
  netGainUsd: alert.netGainUsd,
  netGainLowUsd: alert.netGainLowUsd,
  modelTrainedUntil: alert.scored.modelTrainedUntil,
  backend: alert.scored.backend,
  outcome: outcomeOf(outcome),
})

export const outcomeOf = (outcome: Outcome | null) =>
  outcome === null
    ? null
    : {
        status: outcome.status,
        goneAt: outcome.goneAt,
        resoldAt: outcome.resoldAt,
        resoldUsd: outcome.resoldUsd,
        netUsd: outcome.netUsd,
        netEth: outcome.netEth,
        heldBack: outcome.heldBack,
      }
