import { z } from 'zod'
import { axieClasses } from '#lib/axie/classes.ts'
import type { Leaderboard } from '#lib/axie/combo-score.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { type ItemModel, type ItemModels, noItemModels, type PromotedModel } from '#lib/market/item-model.ts'
import { createResidualLevels, type ResidualLevels } from '#lib/market/levels/residual-levels.ts'
import { createRollingLevels, type RollingLevels } from '#lib/market/levels/rolling-level.ts'
import { type ClassSales, createClassSales } from '#lib/market/memory/class-sales.ts'
import { createOpenAsks, type OpenAsks } from '#lib/market/memory/open-asks.ts'
import { createRecentIds, type RecentIds } from '#lib/market/memory/recent-ids.ts'
import { createSaleHistory, type SaleHistory } from '#lib/market/memory/sale-history.ts'
import { createSellerListings, type SellerListings } from '#lib/market/memory/seller-listings.ts'
import { createToldSales, type ToldSales } from '#lib/market/memory/told-sales.ts'
import { createWatchedHours, type WatchedHours } from '#lib/market/memory/watched-hours.ts'
import type { Rates } from '#lib/market/rates.ts'

/** Everything the fold knows. Changed in place by `applyEvent`, read by `contextFor`; belongs to one partition. */
export type MarketState = {
  /** The running maximum of observedAt, milliseconds; -Infinity before the first event. */
  clock: number
  model: PromotedModel | null
  /** observedAt of the promotion that put it in force; null of none, and of one carried from before this was remembered. */
  modelSince: number | null
  /** Models that no promotion brings back, by short hash, newest last. */
  barred: readonly string[]
  /** The item model that the promoted model brings; undefined until the first sale or listing asks for it. */
  itemModel: ItemModel | null | undefined
  rulesHash: string | null
  exchangeRate: Readonly<{ rates: Rates; knownAt: number }> | null
  leaderboard: Readonly<{ combos: Leaderboard; knownAt: number }> | null
  readonly itemModels: ItemModels
  readonly levels: RollingLevels
  /** By the item model in force, as are the residuals of remembered sales: another one brings its own (read-sales-anew.ts). */
  residualLevels: ResidualLevels
  readonly sales: SaleHistory
  classSales: ClassSales
  readonly toldSales: ToldSales
  readonly asks: OpenAsks
  readonly sellers: SellerListings
  readonly metIds: RecentIds
  readonly watchedHours: WatchedHours
}

/** The few values that outlive the horizon, as JSON: what we decided. */
export type MarketCarry = Readonly<z.infer<typeof carrySchema>>

/** What a later version added may be missing: an earlier one wrote the commit. */
const carrySchema = z.object({
  modelId: z.string().nullable(),
  featureSetHash: z.string().nullable().default(null),
  rulesHash: z.string().nullable(),
  modelSince: z.number().nullable().default(null),
  barred: z.array(z.string()).default([]),
})

const noCarry: MarketCarry = { modelId: null, featureSetHash: null, rulesHash: null, modelSince: null, barred: [] }

function readCarry(carry: unknown): MarketCarry {
  if (carry === undefined || carry === null) return noCarry
  const read = carrySchema.safeParse(carry)
  if (read.success) return read.data
  throw new FatalError(
    `expected what the fold once carried (modelId, featureSetHash, rulesHash), found ${JSON.stringify(carry)}: the group's committed offset is not ours`,
  )
}

/** The model that prices, as `carryOf` told it; null of none. */
export function modelOfCarry(carry: unknown): PromotedModel | null {
  const { modelId, featureSetHash } = readCarry(carry)
  return modelId === null ? null : { modelId, featureSetHash }
}

/**
 * `carry`: what `carryOf` answered just before the first event that will be folded; undefined at the very beginning.
 * `itemModels` is asked about the carried model at the first sale or listing, and about any other when its promotion is folded.
 */
export function initialMarketState(carry?: unknown, itemModels: ItemModels = noItemModels): MarketState {
  const model = modelOfCarry(carry)
  const { rulesHash, modelSince, barred } = readCarry(carry)
  return {
    clock: Number.NEGATIVE_INFINITY,
    model,
    modelSince,
    barred,
    itemModel: model === null ? null : undefined,
    rulesHash,
    exchangeRate: null,
    leaderboard: null,
    itemModels,
    levels: createRollingLevels(axieClasses.length),
    residualLevels: createResidualLevels(),
    sales: createSaleHistory(),
    classSales: createClassSales(),
    toldSales: createToldSales(),
    asks: createOpenAsks(),
    sellers: createSellerListings(),
    metIds: createRecentIds(),
    watchedHours: createWatchedHours(),
  }
}

/** How much of each kind is in memory: for metrics, and to prove that it is finite. */
export const sizesOf = (state: MarketState) => ({
  prices: state.levels.size(),
  residuals: state.residualLevels.size(),
  sales: state.sales.size().sales,
  saleKeys: state.sales.size().keys,
  openAsks: state.asks.size(),
  sellers: state.sellers.size(),
  metIds: state.metIds.size(),
})

export const carryOf = ({ model, modelSince, rulesHash, barred }: MarketState): MarketCarry => ({
  modelId: model?.modelId ?? null,
  featureSetHash: model?.featureSetHash ?? null,
  rulesHash,
  modelSince,
  barred: [...barred],
})

/** The item model in force; null of none. RejectedError where the carried model's cannot be had. */
export function itemModelOf(state: MarketState): ItemModel | null {
  if (state.itemModel === undefined) state.itemModel = state.model === null ? null : state.itemModels.get(state.model)
  return state.itemModel
}
