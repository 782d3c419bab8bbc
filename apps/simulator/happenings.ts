import { nominalEthUsd } from '#lib/market/sale-csv.ts'
import type { SoldAttributes } from '#lib/synthetic/sold-axie.ts'
import type { SixParts } from '#schemas/types.ts'

/** An axie of the simulated market. Genes, stats and picture follow from these when somebody asks (axie-answer.ts). */
export type SimulatedAxie = Readonly<{
  tokenId: string
  class: string
  breedCount: number
  /** Evolved ones end in -2. */
  parts: SixParts
  /** Absent where the source tells none (recorded sales): the marketplace then says nothing. */
  attributes?: SoldAttributes
}>

/** Prices in wei. A Dutch price moves linearly from base to ended over the duration; a fixed one has no duration. */
export type Offer = Readonly<{
  axie: SimulatedAxie
  seller: string
  /** Milliseconds, whole seconds, as the marketplace tells it. */
  startedAt: number
  durationSeconds: number
  /** How often its seller had signed before; absent: never. */
  nonce?: number
  basePriceWei: string
  endedPriceWei: string
}>

export type SettledSale = Readonly<{
  axie: SimulatedAxie
  soldAt: number
  priceWei: string
  priceUsd: number
  seller: string
  buyer: string
  txHash: string
}>

/** What happens on a market, in order of time. `at` in milliseconds of the market's clock. */
export type Happening =
  | Readonly<{ type: 'offered'; at: number; offer: Offer }>
  | Readonly<{ type: 'withdrawn'; at: number; offer: Offer }>
  | Readonly<{ type: 'sold'; at: number; offer: Offer; sale: SettledSale }>

/** Made up: what one ETH costs on the simulated market, always. Dollars. */
export const ethUsd = nominalEthUsd

export function priceWeiAt(offer: Offer, at: number): bigint {
  const base = BigInt(offer.basePriceWei)
  if (offer.durationSeconds === 0) return base
  const duration = BigInt(offer.durationSeconds * 1_000)
  const passed = BigInt(Math.min(offer.durationSeconds * 1_000, Math.max(0, Math.floor(at - offer.startedAt))))
  return base + ((BigInt(offer.endedPriceWei) - base) * passed) / duration
}
