import { median } from '#lib/numbers/median.ts'
import type { PriceQuantiles, ScoredListing } from '#schemas/types.ts'
import { type Comparison, compare } from './comparison.ts'
import { type Answer, compileExpression, type Expression } from './expression.ts'
import { guarded } from './guards.ts'
import type { RejectionReason } from './rejection.ts'
import { afterCosts, type Costs, type Rule, type RuleQuantile, type RuleSet } from './rule-set.ts'

export type Verdict =
  | Readonly<{ type: 'no_candidate' }>
  | Readonly<{ type: 'rejected'; reason: RejectionReason }>
  | Readonly<{ type: 'passed' }>

/** What a rule wants of a listing. `reason`: what the listing is rejected for where it does not hold; null: then it is no candidate. */
export type Check = Readonly<{ reason: RejectionReason | null }> &
  (
    | Readonly<{ kind: 'numbers'; anyOf: readonly Comparison[] }>
    | Readonly<{ kind: 'condition'; when: string; answer: Answer; evidence(): ReturnType<Expression['evidence']> }>
  )

/**
 * What one rule says of one listing, from the scored record alone: everything but the cool-down, which needs memory. The first check that
 * does not hold decides.
 */
export function judge(rule: Rule, ruleSet: RuleSet, scored: ScoredListing): Verdict {
  for (const check of checksOf(rule, ruleSet, scored)) {
    if (holds(check)) continue
    return check.reason === null ? { type: 'no_candidate' } : { type: 'rejected', reason: check.reason }
  }
  return { type: 'passed' }
}

export const holds = (check: Check): boolean => (check.kind === 'numbers' ? check.anyOf.some(compare) : check.answer.type === 'yes')

/** Everything that a rule wants of a listing, in the order in which it decides; made as it is asked for, as most listings fail the first. */
export function* checksOf(rule: Rule, ruleSet: RuleSet, scored: ScoredListing): Generator<Check, void> {
  yield* wanted(rule, ruleSet, scored)
  for (const { reason, comparison } of guarded(ruleSet.guards, scored)) yield numbers(reason, comparison)
  yield* known(rule, scored)
  yield* confirmed(rule, scored)
}

/** Dollars left of a sale at this price after the market's fee, the gas and the ask. */
export const netGainUsd = (saleUsd: number, askUsd: number, costs: Costs): number => afterCosts(saleUsd, costs) - askUsd

/** What the listing sells for next when bought at its ask: the forecast, where the model says no more than that. */
export const exitOf = ({ exit, quantilesUsd }: Pick<ScoredListing, 'exit' | 'quantilesUsd'>): PriceQuantiles => exit ?? quantilesUsd

/** Dollars. */
export function quantileOf(scored: ScoredListing, quantile: RuleQuantile): number {
  const [name, quantiles] = quantile.startsWith('exit.')
    ? [quantile.slice('exit.'.length), exitOf(scored)]
    : [quantile, scored.quantilesUsd]
  return quantiles[name as keyof PriceQuantiles]
}

const numbers = (reason: RejectionReason | null, ...anyOf: readonly Comparison[]): Check => ({ kind: 'numbers', reason, anyOf })

function* wanted({ forecast }: Rule, costs: RuleSet, scored: ScoredListing): Generator<Check, void> {
  if (forecast.kind === 'expression') {
    const expression = expressionOf(forecast)
    const answer = expression.answer(scored, costs)
    yield { kind: 'condition', reason: null, when: forecast.when, answer, evidence: () => expression.evidence(scored, costs) }
    return
  }
  const { usd: askUsd } = scored.listing.ask
  const { quantile } = forecast
  const sale = quantileOf(scored, quantile)
  const name = quantile.startsWith('exit.') ? quantile : `forecast.${quantile}`
  if (forecast.kind === 'margin_after_fee') {
    const { minimumRatio, minimumGainUsd } = forecast
    const [value, limit] = [afterCosts(sale, costs), askUsd * minimumRatio]
    const after = costs.gasUsd ? 'the fee and gas' : 'the fee'
    yield numbers(null, { what: `${name} after ${after}`, value, relation: '>=', limit, unit: 'usd', limitIs: `${minimumRatio} x the ask` })
    const gain = netGainUsd(sale, askUsd, costs)
    yield numbers(null, { what: `net gain at ${name}`, value: gain, relation: '>=', limit: minimumGainUsd, unit: 'usd' })
  } else {
    const { multiple, minimumForecastUsd } = forecast
    const limitIs = `${multiple} x the ask`
    yield numbers(null, { what: name, value: sale, relation: '>', limit: askUsd * multiple, unit: 'usd', limitIs })
    yield numbers(null, { what: name, value: sale, relation: '>', limit: minimumForecastUsd, unit: 'usd' })
  }
}

type ExpressionRule = Extract<Rule['forecast'], { kind: 'expression' }>

const compiled = new WeakMap<ExpressionRule, Expression>()

/** Compiled when it is first asked; a rule set was checked when it was read. */
export function expressionOf(rule: ExpressionRule): Expression {
  let expression = compiled.get(rule)
  if (expression === undefined) {
    expression = compileExpression(rule.when)
    compiled.set(rule, expression)
  }
  return expression
}

/** A forecast takes no account of what its model has never seen: an Origin is priced like a plain axie of its parts. */
function* known({ unseenAttributes = 'reject' }: Rule, { unseen }: ScoredListing): Generator<Check, void> {
  if (unseenAttributes === 'allow') return
  const value = (unseen ?? []).length
  yield numbers('unseen_attribute', { what: 'things the model has never seen', value, relation: '<=', limit: 0, unit: 'count' })
}

/**
 * "Second-cheapest similar ask" counts the listing itself, as players do: where it is the cheapest, the second-cheapest is the cheapest
 * of the others; where another is cheaper still, the check must fail. Both come down to comparing with the cheapest of the others.
 */
function* confirmed({ secondCheck }: Rule, { listing: { ask, context } }: ScoredListing): Generator<Check, void> {
  if (secondCheck.kind === 'none') return
  const [next] = context.similarAsks
  const sales = context.similarSales.map(({ usd }) => usd)
  const nextAsk = { what: 'next similar ask', unit: 'usd' } as const
  if (secondCheck.kind === 'ask_gap_or_sale') {
    // In ETH at the listing's own rate: what a similar ask is worth in ETH now.
    const gapUsd = secondCheck.minimumAskGapEth * (ask.usd / ask.eth)
    const asked =
      next === undefined
        ? []
        : [
            {
              ...nextAsk,
              value: next.usd,
              relation: '>',
              limit: ask.usd + gapUsd,
              limitIs: `ask + ${secondCheck.minimumAskGapEth} ETH`,
            } as const,
          ]
    const sold = sales.map(
      (value) => ({ what: 'similar sale', value, relation: '>', limit: ask.usd, unit: 'usd', limitIs: 'the ask' }) as const,
    )
    const evidence = [...asked, ...sold]
    yield numbers(evidence.length === 0 ? 'second_check_no_evidence' : 'second_check_asks', ...evidence)
    return
  }
  const { minimumAskRatio, minimumSales, minimumSalesRatio } = secondCheck
  if (next !== undefined) {
    const limitIs = `${minimumAskRatio} x the ask`
    yield numbers('second_check_asks', { ...nextAsk, value: next.usd, relation: '>=', limit: ask.usd * minimumAskRatio, limitIs })
    return
  }
  const count = { what: 'similar sales, as no similar ask is known', value: sales.length, limit: minimumSales, unit: 'count' } as const
  yield numbers('second_check_no_evidence', { ...count, relation: '>=' })
  if (sales.length < minimumSales) return
  const [limit, limitIs] = [ask.usd * minimumSalesRatio, `${minimumSalesRatio} x the ask`]
  yield numbers('second_check_sales', {
    what: 'median of similar sales',
    value: median(sales),
    relation: '>=',
    limit,
    unit: 'usd',
    limitIs,
  })
}
