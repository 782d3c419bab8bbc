import { median } from '#lib/numbers/median.ts'
import { expressionOf, quantileOf } from '#lib/rules/judge.ts'
import { afterCosts, type Costs, type Rule } from '#lib/rules/rule-set.ts'
import type { ScoredListing } from '#schemas/types.ts'

const quantileNames = { q05: '5% quantile', q25: 'lower quartile', q50: 'median', q75: 'upper quartile', q95: '95% quantile' } as const

const usd = (value: number) => `$${value.toFixed(2)}`

/** The clause that fired, with its numbers, and what speaks for it: one sentence that a person can check against the record. */
export function reasonOf(scored: ScoredListing, rule: Rule, costs: Costs): string {
  const { context } = scored.listing
  const claim = claimOf(scored, rule, costs)
  const [next] = context.similarAsks
  const sales = context.similarSales.map((similar) => similar.usd)
  if (next !== undefined) return `${claim}; the next similar ask is ${usd(next.usd)}`
  return sales.length === 0 ? claim : `${claim}; ${sales.length} similar sales had a median of ${usd(median(sales))}`
}

function claimOf(scored: ScoredListing, { forecast }: Rule, costs: Costs): string {
  const { ask } = scored.listing
  const asks = `asks ${usd(ask.usd)}`
  if (forecast.kind === 'expression') {
    const values = expressionOf(forecast)
      .evidence(scored, costs)
      .map(([name, value]) => `${name} = ${shown(value)}`)
    return `${asks}; ${forecast.when.replace(/\s+/g, ' ').trim()}${values.length === 0 ? '' : `, where ${values.join(', ')}`}`
  }
  const sale = quantileOf(scored, forecast.quantile)
  const ofExit = forecast.quantile.startsWith('exit.') && scored.exit !== null
  const name = `${quantileNames[forecast.quantile.replace('exit.', '') as keyof typeof quantileNames]} of ${ofExit ? 'what bargains like it sell for next' : 'our forecast'}`
  const left = afterCosts(sale, costs)
  const gas = costs.gasUsd ? ` and ${usd(2 * costs.gasUsd)} of gas` : ''
  return forecast.kind === 'margin_after_fee'
    ? `${asks}; sold at the ${name}, ${usd(sale)}, it leaves ${usd(left)} after the ` +
        `${(costs.feeRatio * 100).toFixed(2)}% fee${gas}, ${(left / ask.usd).toFixed(2)} times the ask (rule: ${forecast.minimumRatio})`
    : `${asks}; the ${name} is ${usd(sale)}, ${(sale / ask.usd).toFixed(2)} times the ask (rule: ${forecast.multiple})`
}

const shown = (value: string | number | boolean): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(6))) : JSON.stringify(value)
