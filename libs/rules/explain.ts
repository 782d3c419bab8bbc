import type { ScoredListing } from '#schemas/types.ts'
import { type Comparison, compare } from './comparison.ts'
import { type Check, checksOf, holds, judge, type Verdict } from './judge.ts'
import type { RejectionReason } from './rejection.ts'
import type { Rule, RuleSet } from './rule-set.ts'

/** A comparison as JSON can say it: null is a number that is not known. */
export type ExplainedComparison = Omit<Comparison, 'value' | 'limit'> &
  Readonly<{ value: number | null; limit: number | null; holds: boolean }>

export type ExplainedCheck = Readonly<{ holds: boolean; reason: RejectionReason | null }> &
  (
    | Readonly<{ kind: 'numbers'; anyOf: readonly ExplainedComparison[] }>
    | Readonly<{
        kind: 'condition'
        when: string
        /** Why it cannot be answered, where it cannot. */
        problem: string | null
        evidence: Readonly<Record<string, string | number | boolean | null>>
      }>
  )

export type RuleExplanation = Readonly<{
  rule: string
  verdict: Verdict['type']
  /** Why it is rejected: the first check that does not hold. */
  reason: RejectionReason | null
  checks: readonly ExplainedCheck[]
  /** The rule passes at this ask, in dollars, and not at one cent more; null: at no ask. All but the ask is as it was scored. */
  highestAskUsd: number | null
}>

/**
 * Why each rule alerts, or not, with every number and its limit. The checks are those that the alerter judges by, and it is asked itself
 * what it would say of other asks: an explanation cannot contradict it. Cool-down and hourly limit are the alerter's memory: not here.
 */
export function explainRules(ruleSet: RuleSet, scored: ScoredListing): RuleExplanation[] {
  const atCents = otherAsks(scored)
  return ruleSet.rules.map((rule) => {
    const verdict = judge(rule, ruleSet, scored)
    return {
      rule: rule.name,
      verdict: verdict.type,
      reason: verdict.type === 'rejected' ? verdict.reason : null,
      checks: [...checksOf(rule, ruleSet, scored)].map(explained),
      highestAskUsd: highestAskOf(rule, ruleSet, scored, atCents),
    }
  })
}

function explained(check: Check): ExplainedCheck {
  const about = { holds: holds(check), reason: check.reason }
  if (check.kind === 'condition') {
    const { when, answer } = check
    const evidence = Object.fromEntries(check.evidence().map(([name, value]) => [name, typeof value === 'number' ? orNull(value) : value]))
    return { ...about, kind: 'condition', when, problem: answer.type === 'unanswerable' ? answer.problem : null, evidence }
  }
  const anyOf = check.anyOf.map((one) => ({ ...one, value: orNull(one.value), limit: orNull(one.limit), holds: compare(one) }))
  return { ...about, kind: 'numbers', anyOf }
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** Asks that are tried, each a fixed factor above the one before. A condition that holds only between two of them is overlooked. */
const step = 2

/**
 * The highest ask that the rule passes at: between the highest one tried that passes and the next that does not, by halves. It need not
 * pass at every lower ask: a guard wants a least one.
 */
function highestAskOf(rule: Rule, ruleSet: RuleSet, scored: ScoredListing, atCents: OtherAsks): number | null {
  const { usd } = scored.listing.ask
  const { minimumAskUsd, maximumAskUsd } = ruleSet.guards
  const passes = (cents: number): boolean => judge(rule, ruleSet, atCents(cents)).type === 'passed'
  const passesAsItIs = judge(rule, ruleSet, scored).type === 'passed'
  // In whole cents; the guard of absurd prices refuses the last one.
  const end = Math.floor(maximumAskUsd * 100) + 1
  const tried = [end, Math.floor(usd * 100), Math.ceil(usd * 100)]
  for (let cents = Math.max(1, Math.ceil(minimumAskUsd * 100)); cents < end; cents = Math.ceil(cents * step)) tried.push(cents)
  const asks = [...new Set(tried)].filter((cents) => cents > 0 && cents <= end).sort((a, b) => b - a)
  const found = asks.findIndex(passes)
  if (found === -1) return passesAsItIs ? usd : null
  let [passing, failing] = [asks[found] as number, asks[found - 1] as number]
  while (failing - passing > 1) {
    const middle = Math.floor((passing + failing) / 2)
    if (passes(middle)) passing = middle
    else failing = middle
  }
  // An ask with a fraction of a cent may pass between the two.
  return passesAsItIs && usd * 100 > passing ? usd : passing / 100
}

type OtherAsks = (cents: number) => ScoredListing

/** A condition's record is translated once for all rules that are tried on it. */
function otherAsks(scored: ScoredListing): OtherAsks {
  const made = new Map<number, ScoredListing>()
  return (cents) => {
    const listing = made.get(cents) ?? atAsk(scored, cents / 100)
    made.set(cents, listing)
    return listing
  }
}

/** The same listing at another ask, by its own rate of dollars to ether. The exit stays as the model saw it at the ask that was scored. */
export function atAsk(scored: ScoredListing, usd: number): ScoredListing {
  const { ask, context } = scored.listing
  const eth = usd * (ask.usd > 0 ? ask.eth / ask.usd : 1 / (context.ethUsd ?? 1))
  return { ...scored, listing: { ...scored.listing, ask: { ...ask, usd, eth } } }
}
