import { quantileCount } from '#lib/model/quantile-head.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { Forecasted } from './forecast-errors.ts'

/**
 * A buyer meets the winner's curse: what looks cheapest is what was forecast too high. So each sale is taken as an ask at its price, those
 * that the default forecast rule would have alerted are picked, and their forecasts are held against what the same axies sold for next.
 * Only axies that are seen to sell again can be judged: a biased sample, hence both counts.
 */
export type AlertedErrors = Readonly<{
  alerts: number
  resold: number
  /** Share of the resales inside the 0.05-0.95 interval, and at or above the lower quartile. Null without resales. */
  coverage90: number | null
  atLeastQ25: number | null
}>

/** @param resaleLogPrices of each sale what the same axie sold for next, NaN where it was not seen again */
export function alertedErrors({ quantilesUsd, logPrices }: Forecasted, resaleLogPrices: Float64Array): AlertedErrors {
  const [rule] = defaultRules.rules
  if (rule?.forecast.kind !== 'margin_after_fee') throw new Error('the default rule is expected to ask for a margin after the fee')
  const { minimumRatio, minimumGainUsd } = rule.forecast
  const at = (row: number, level: number): number => quantilesUsd[row * quantileCount + level] as number
  const alerted = Array.from(logPrices.keys()).filter((row) => {
    const ask = Math.exp(logPrices[row] as number)
    const worth = at(row, 1) * (1 - defaultRules.feeRatio)
    return worth >= ask * minimumRatio && worth - ask >= minimumGainUsd
  })
  const resold = alerted.filter((row) => !Number.isNaN(resaleLogPrices[row] as number))
  const share = (holds: (row: number, usd: number) => boolean): number | null =>
    resold.length === 0 ? null : resold.filter((row) => holds(row, Math.exp(resaleLogPrices[row] as number))).length / resold.length
  return {
    alerts: alerted.length,
    resold: resold.length,
    coverage90: share((row, usd) => usd >= at(row, 0) && usd <= at(row, 4)),
    atLeastQ25: share((row, usd) => usd >= at(row, 1)),
  }
}
