import { median } from '#lib/rules/judge.ts'
import type { Rule } from '#lib/rules/rule-set.ts'
import type { ScoredListing } from '#schemas/types.ts'

const quantileNames = { q05: '5% quantile', q25: 'lower quartile', q50: 'median', q75: 'upper quartile', q95: '95% quantile' } as const

const usd = (value: number) => `$${value.toFixed(2)}`

/** The clause that fired, with its numbers, and what speaks for it: one sentence that a person can check against the record. */
export function reasonOf({ listing: { ask, context }, quantilesUsd }: ScoredListing, rule: Rule, feeRatio: number): string {
  const sale = quantilesUsd[rule.forecast.quantile]
  const name = quantileNames[rule.forecast.quantile]
  const claim =
    rule.forecast.kind === 'margin_after_fee'
      ? `asks ${usd(ask.usd)}; sold at the ${name} of our forecast, ${usd(sale)}, it leaves ${usd(sale * (1 - feeRatio))} after the ` +
        `${(feeRatio * 100).toFixed(2)}% fee, ${((sale * (1 - feeRatio)) / ask.usd).toFixed(2)} times the ask (rule: ${rule.forecast.minimumRatio})`
      : `asks ${usd(ask.usd)}; the ${name} of our forecast is ${usd(sale)}, ${(sale / ask.usd).toFixed(2)} times the ask (rule: ${rule.forecast.multiple})`
  const [next] = context.similarAsks
  const sales = context.similarSales.map((similar) => similar.usd)
  if (next !== undefined) return `${claim}; the next similar ask is ${usd(next.usd)}`
  return `${claim}; ${sales.length} similar sales had a median of ${usd(median(sales))}`
}
