import { traitsOfProfile } from '#lib/axie/similarity.ts'
import { median } from '#lib/numbers/median.ts'
import { exitOf } from '#lib/rules/judge.ts'
import type { PriceQuantiles } from '#schemas/types.ts'
import type { Decided } from './chain.ts'
import type { Candidate } from './money/candidate.ts'
import { likenessKeysOf } from './money/sale-book.ts'

const leastSimilarSales = 3

export function candidateOf({ scored, verdicts }: Decided): Candidate {
  const { listing, quantilesUsd, modelId } = scored
  const { item, ask, context } = listing
  const similar = context.similarSales.map(({ usd }) => usd)
  return {
    listingId: listing.listingId,
    tokenId: item.tokenId,
    breedCount: item.breedCount,
    class: item.class,
    keys: likenessKeysOf(traitsOfProfile(item)),
    listedAt: listing.observedAt,
    askUsd: ask.usd,
    askWei: ask.wei,
    modelId,
    quantilesUsd: listOf(quantilesUsd),
    exitQuantilesUsd: listOf(exitOf(scored)),
    similarUsd: similar.length < leastSimilarSales ? null : median(similar),
    verdicts: verdicts.map(({ alerts, refusal }) => ({ rules: alerts.map(({ rule }) => rule), refusal })),
    promisedUsd: verdicts[0]?.alerts[0]?.netGainUsd ?? 0,
  }
}

const listOf = ({ q05, q25, q50, q75, q95 }: PriceQuantiles): number[] => [q05, q25, q50, q75, q95]
