import { hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { median } from '#lib/numbers/median.ts'
import type { PriceQuantiles, ScoredListing } from '#schemas/types.ts'
import { compileExpression, type Expression } from './expression.ts'
import type { RejectionReason } from './rejection.ts'
import type { Guards, Rule, RuleQuantile, RuleSet } from './rule-set.ts'

export type Verdict =
  | Readonly<{ type: 'no_candidate' }>
  | Readonly<{ type: 'rejected'; reason: RejectionReason }>
  | Readonly<{ type: 'passed' }>

/**
 * What one rule says of one listing, from the scored record alone: everything but the cool-down, which needs memory.
 * Comparisons are written so that a number that is not one (NaN) never passes.
 */
export function judge(rule: Rule, ruleSet: RuleSet, scored: ScoredListing): Verdict {
  if (!passesForecast(rule, ruleSet, scored)) return { type: 'no_candidate' }
  const reason = guarded(ruleSet.guards, scored) ?? unknownTo(rule, scored) ?? doubted(rule, scored)
  return reason === null ? { type: 'passed' } : { type: 'rejected', reason }
}

/** Dollars left of a sale at this price after the market's fee and the ask. */
export const netGainUsd = (saleUsd: number, askUsd: number, feeRatio: number): number => saleUsd * (1 - feeRatio) - askUsd

/** What the listing sells for next when bought at its ask: the forecast, where the model says no more than that. */
export const exitOf = ({ exit, quantilesUsd }: Pick<ScoredListing, 'exit' | 'quantilesUsd'>): PriceQuantiles => exit ?? quantilesUsd

/** Dollars. */
export function quantileOf(scored: ScoredListing, quantile: RuleQuantile): number {
  const [name, of] = quantile.startsWith('exit.') ? [quantile.slice('exit.'.length), exitOf(scored)] : [quantile, scored.quantilesUsd]
  return of[name as keyof PriceQuantiles]
}

function passesForecast({ forecast }: Rule, { feeRatio }: RuleSet, scored: ScoredListing): boolean {
  if (forecast.kind === 'expression') return expressionOf(forecast).answer(scored, feeRatio).type === 'yes'
  const { ask } = scored.listing
  const sale = quantileOf(scored, forecast.quantile)
  switch (forecast.kind) {
    case 'margin_after_fee':
      return sale * (1 - feeRatio) >= ask.usd * forecast.minimumRatio && netGainUsd(sale, ask.usd, feeRatio) >= forecast.minimumGainUsd
    case 'multiple':
      return sale > ask.usd * forecast.multiple && sale > forecast.minimumForecastUsd
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

function guarded(guards: Guards, { listing, modelTrainedUntil, novelty }: ScoredListing): RejectionReason | null {
  const { ask, observedAt, context } = listing
  if (!(ask.usd >= guards.minimumAskUsd && ask.usd <= guards.maximumAskUsd && ask.eth > 0)) return 'absurd_price'
  if (!(observedAt - modelTrainedUntil <= guards.maximumModelAgeHours * hourMillis)) return 'model_too_old'
  if (!(novelty <= guards.maximumNovelty)) return 'novel'
  if (ask.kind === 'fixed' && !(observedAt - ask.startedAt <= guards.maximumListingAgeMinutes * minuteMillis)) return 'stale'
  if (!(context.sellerListings <= guards.maximumSellerListings)) return 'bulk_seller'
  return null
}

/** A forecast takes no account of what its model has never seen: an Origin is priced like a plain axie of its parts. */
const unknownTo = ({ unseenAttributes = 'reject' }: Rule, { unseen }: ScoredListing): RejectionReason | null =>
  unseenAttributes === 'reject' && (unseen ?? []).length > 0 ? 'unseen_attribute' : null

/**
 * "Second-cheapest similar ask" counts the listing itself, as players do: where it is the cheapest, the second-cheapest is the cheapest
 * of the others; where another is cheaper still, the check must fail. Both come down to comparing with the cheapest of the others.
 */
function doubted({ secondCheck }: Rule, { listing: { ask, context } }: ScoredListing): RejectionReason | null {
  const [next] = context.similarAsks
  const sales = context.similarSales.map(({ usd }) => usd)
  switch (secondCheck.kind) {
    case 'none':
      return null
    case 'asks_else_sales':
      if (next !== undefined) return next.usd >= ask.usd * secondCheck.minimumAskRatio ? null : 'second_check_asks'
      if (sales.length < secondCheck.minimumSales) return 'second_check_no_evidence'
      return median(sales) >= ask.usd * secondCheck.minimumSalesRatio ? null : 'second_check_sales'
    case 'ask_gap_or_sale': {
      // In ETH at the listing's own rate: what a similar ask is worth in ETH now.
      const usdPerEth = ask.usd / ask.eth
      if (next !== undefined && next.usd > ask.usd + secondCheck.minimumAskGapEth * usdPerEth) return null
      if (sales.some((usd) => usd > ask.usd)) return null
      return next === undefined && sales.length === 0 ? 'second_check_no_evidence' : 'second_check_asks'
    }
  }
}
