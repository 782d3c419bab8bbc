import { evidenceOf, itemOf, whyOf } from '#lib/live/evidence.ts'
import type { MarketReader } from '#lib/live/market-reader.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import type { Marketplace } from '#lib/marketplace/client.ts'
import { exitOf, netGainUsd } from '#lib/rules/judge.ts'
import type { Item } from '#schemas/types.ts'
import type { PriceAnswer } from './api-schemas.ts'
import type { DemandAt, Priced, Pricer, PriceSubject } from './pricer.ts'
import { ProblemError, problem } from './problem.ts'

/** What the API says of an axie's price. */
export type Prices = Readonly<{
  /** An axie seen in the stream, or else asked of the marketplace. */
  byId(axieId: string, demandAt?: DemandAt): Promise<PriceAnswer>
  byItem(item: Item): Promise<PriceAnswer>
}>

export type PricesOptions = Readonly<{
  pricer: Pricer
  market: MarketReader
  /** Null: nobody to ask for axies that were not seen. */
  marketplace: Pick<Marketplace, 'axie'> | null
}>

export function createPrices({ pricer, market, marketplace }: PricesOptions): Prices {
  const find = async (axieId: string): Promise<PriceSubject> => {
    const known = market.known(axieId)
    if (known !== undefined) return known
    if (marketplace === null)
      throw new ProblemError(
        problem(
          404,
          'unknown_axie',
          `axie ${axieId} was not seen in the stream, and without AXIE_API_KEY the marketplace is not asked; POST its parts`,
        ),
      )
    const { value } = await marketplace.axie(axieId)
    if (value === null) throw new ProblemError(problem(404, 'unknown_axie', `the marketplace knows no axie ${axieId}`))
    return { item: value.item, seller: value.listing?.seller ?? null, ask: value.listing?.ask ?? null, bids: value.bids }
  }
  return {
    byId: async (axieId, demandAt) => answerOf(await pricer.price(await find(axieId), demandAt)),
    byItem: async (item) => answerOf(await pricer.price({ item, seller: null, ask: null, bids: null })),
  }
}

function answerOf({ scored, ask }: Priced): PriceAnswer {
  const { listing, quantilesUsd, mean, demand } = scored
  return {
    axieId: listing.item.tokenId,
    simulated: listing.source !== 'live',
    source: listing.source,
    asOf: listing.observedAt,
    item: itemOf(listing.item),
    ask: ask === null ? null : { usd: ask.usd, eth: ask.eth },
    forecastUsd: quantilesUsd,
    mean,
    exit: ask === null ? null : scored.exit,
    demand,
    netGainUsd: ask === null ? null : netGainUsd(exitOf(scored).q50, ask.usd, { feeRatio: marketFeeRatio }),
    model: {
      id: scored.modelId,
      trainedUntil: scored.modelTrainedUntil,
      backend: scored.backend,
      codeVersion: scored.codeVersion,
      novelty: scored.novelty,
    },
    evidence: evidenceOf(listing),
    why: whyOf(scored.explanation),
  }
}
