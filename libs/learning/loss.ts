import { pinballLoss, quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'
import type { PriceQuantiles } from '#schemas/types.ts'

/** Mean pinball loss over the five quantiles of log price: one number for how good a forecast was, its median and its width. */
export function lossOf({ q05, q25, q50, q75, q95 }: PriceQuantiles, priceUsd: number): number {
  const logPrice = Math.log(priceUsd)
  const forecast = [q05, q25, q50, q75, q95]
  const sum = quantileLevels.reduce((total, level, place) => total + pinballLoss(level, logPrice, Math.log(forecast[place] as number)), 0)
  return sum / quantileCount
}
