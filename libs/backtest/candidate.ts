import { traitsOfProfile } from '#lib/axie/similarity.ts'
import { median } from '#lib/numbers/median.ts'
import type { Decided } from './chain.ts'
import { type LikenessKeys, likenessKeysOf } from './sale-book.ts'

/** A priced listing, as much of it as a backtest remembers: whole records of a month would fill the memory. */
export type Candidate = Readonly<{
  listingId: string
  tokenId: string
  breedCount: number
  keys: LikenessKeys
  listedAt: number
  askUsd: number
  askWei: string
  class: string
  modelId: string
  /** 0.05, 0.25, 0.5, 0.75, 0.95: dollars. */
  quantilesUsd: readonly number[]
  /** Median of the similar sales known at the listing (up to five); null below three. */
  similarUsd: number | null
  /** By the rules in force, then by each alternative. */
  verdicts: readonly Readonly<{ rules: readonly string[]; refusal: string | null }>[]
  /** Median forecast less fee less ask, of the alert. 0 where there is none. */
  promisedUsd: number
}>

const leastSimilarSales = 3

export function candidateOf({ scored, verdicts }: Decided): Candidate {
  const { listing, quantilesUsd, modelId } = scored
  const { item, ask, context } = listing
  const similar = context.similarSales.map(({ usd }) => usd)
  const { q05, q25, q50, q75, q95 } = quantilesUsd
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
    quantilesUsd: [q05, q25, q50, q75, q95],
    similarUsd: similar.length < leastSimilarSales ? null : median(similar),
    verdicts: verdicts.map(({ alerts, refusal }) => ({ rules: alerts.map(({ rule }) => rule), refusal })),
    promisedUsd: verdicts[0]?.alerts[0]?.netGainUsd ?? 0,
  }
}
