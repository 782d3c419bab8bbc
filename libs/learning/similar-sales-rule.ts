import { median } from '#lib/numbers/median.ts'
import type { MarketContext, PriceQuantiles } from '#schemas/types.ts'

const leastSales = 3

/**
 * The forecast that needs no model: the median of what axies like it just sold for, as wide as such sales are. Null below three. Whoever
 * cannot beat it has learnt nothing.
 * @param spread log price of each quantile less the median's
 */
export function similarSalesForecast(
  { similarSales }: Pick<MarketContext, 'similarSales'>,
  spread: readonly number[],
): PriceQuantiles | null {
  if (similarSales.length < leastSales) return null
  const middle = median(similarSales.map(({ usd }) => usd))
  const [q05, q25, q50, q75, q95] = spread.map((offset) => middle * Math.exp(offset)) as [number, number, number, number, number]
  return { q05, q25, q50, q75, q95 }
}
