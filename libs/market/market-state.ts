import { z } from 'zod'
import { FatalError } from '#lib/stream/errors.ts'
import { type ClassSales, createClassSales } from './class-sales.ts'
import type { Leaderboard } from './combo-score.ts'
import { createOpenAsks, type OpenAsks } from './open-asks.ts'
import { createRecentIds, type RecentIds } from './recent-ids.ts'
import { createRollingLevels, type RollingLevels } from './rolling-level.ts'
import { createSaleHistory, type SaleHistory } from './sale-history.ts'
import { createSellerListings, type SellerListings } from './seller-listings.ts'

/** Everything the fold knows. Changed in place by `applyEvent`, read by `contextFor`; belongs to one partition. */
export type MarketState = {
  /** The running maximum of observedAt, milliseconds; -Infinity before the first event. */
  clock: number
  modelId: string | null
  rulesHash: string | null
  exchangeRate: Readonly<{ ethUsd: number; knownAt: number }> | null
  leaderboard: Readonly<{ combos: Leaderboard; knownAt: number }> | null
  readonly levels: RollingLevels
  readonly sales: SaleHistory
  readonly classSales: ClassSales
  readonly asks: OpenAsks
  readonly sellers: SellerListings
  readonly metIds: RecentIds
}

/** The few values that outlive the horizon, as JSON: what we decided. */
export type MarketCarry = Readonly<{ modelId: string | null; rulesHash: string | null }>

const carrySchema = z.object({
  modelId: z.string().nullable(),
  rulesHash: z.string().nullable(),
})

function readCarry(carry: unknown): MarketCarry {
  if (carry === undefined || carry === null) return { modelId: null, rulesHash: null }
  const read = carrySchema.safeParse(carry)
  if (read.success) return read.data
  throw new FatalError(
    `expected what the fold once carried (modelId, rulesHash), found ${JSON.stringify(carry)}: the group's committed offset is not ours`,
  )
}

/** `carry`: what `carryOf` answered just before the first event that will be folded; undefined at the very beginning. */
export function initialMarketState(carry?: unknown): MarketState {
  const { modelId, rulesHash } = readCarry(carry)
  return {
    clock: Number.NEGATIVE_INFINITY,
    modelId,
    rulesHash,
    exchangeRate: null,
    leaderboard: null,
    levels: createRollingLevels(),
    sales: createSaleHistory(),
    classSales: createClassSales(),
    asks: createOpenAsks(),
    sellers: createSellerListings(),
    metIds: createRecentIds(),
  }
}

/** How much of each kind is in memory: for metrics, and to prove that it is finite. */
export const sizesOf = (state: MarketState) => ({
  prices: state.levels.size(),
  sales: state.sales.size().sales,
  saleKeys: state.sales.size().keys,
  openAsks: state.asks.size(),
  sellers: state.sellers.size(),
  metIds: state.metIds.size(),
})

export const carryOf = ({ modelId, rulesHash }: MarketState): MarketCarry => ({ modelId, rulesHash })
