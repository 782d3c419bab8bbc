/**
 * A residual says what a sale told about the market beyond what the axie is worth by the item model in force. When another model comes
 * into force, the residuals of all remembered sales become those of its item model: what it reads then is what it read while it was
 * compared in shadow, and what was judged is what is promoted.
 */
import { classNumber } from '#lib/axie/classes.ts'
import { oldestSaleMillis } from '#lib/market/horizons.ts'
import type { ItemModel } from '#lib/market/item-model.ts'
import { createResidualLevels, type ResidualLevels } from '#lib/market/levels/residual-levels.ts'
import { createClassSales } from '#lib/market/memory/class-sales.ts'
import type { ToldSale } from '#lib/market/memory/told-sales.ts'
import type { MarketState } from './market-state.ts'

/** Residual of a sale by an item model, taken into its levels. Null where there is none, or no level yet. */
export function readSale(
  itemModel: ItemModel | null,
  levels: ResidualLevels,
  { soldAt, logPrice, profile }: Pick<ToldSale, 'soldAt' | 'logPrice' | 'profile'>,
): number | null {
  const effect = itemModel?.effectOf(profile, soldAt) ?? Number.NaN
  return Number.isNaN(effect) ? null : levels.add({ soldAt, logPrice, effect, classNumber: classNumber(profile.class) })
}

/** All told sales once more, in their order and each with the sales that were known then, as if this item model had always been in force. */
export function readSalesAnew(state: MarketState, itemModel: ItemModel | null): void {
  const levels = createResidualLevels()
  const classSales = createClassSales()
  for (const sale of state.toldSales) {
    levels.dropUpTo(sale.clock - oldestSaleMillis)
    const residual = readSale(itemModel, levels, sale)
    if (sale.remembered === null) continue
    const { number, traits, relative } = sale.remembered
    state.sales.readAnew(number, residual)
    if (relative !== null) classSales.add({ soldAt: sale.soldAt, traits, relative, residual: residual ?? Number.NaN })
  }
  levels.dropUpTo(state.clock - oldestSaleMillis)
  state.residualLevels = levels
  state.classSales = classSales
}
