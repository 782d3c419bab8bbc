import { explainRules, type RuleExplanation } from '#lib/rules/explain.ts'
import { describeExplanation } from '#lib/rules/explanation-words.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import type { RulesStore } from '#lib/rules/rules-store.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { type ListingRow, rowOf } from './evidence.ts'

/** Why a listing was alerted or not: what each rule that judged it says of it, from the record as it was scored. */
export type Why = Readonly<{
  listing: ListingRow
  ruleSet: Readonly<{ name: string; hash: string; feeRatio: number }>
  rules: readonly ExplainedRule[]
}>

/** `words`: the same in lines of text. */
export type ExplainedRule = RuleExplanation & Readonly<{ words: readonly string[] }>

/** By the rules that were in force when the listing was observed. RetryableError while the store of rule sets is away. */
export async function explainListing(scored: ScoredListing, rules: Pick<RulesStore, 'load'>): Promise<Why> {
  const hash = scored.listing.rulesHash ?? defaultRulesHash
  const ruleSet = await rules.load(hash)
  return {
    listing: rowOf(scored),
    ruleSet: { name: ruleSet.name, hash, feeRatio: ruleSet.feeRatio },
    rules: explainRules(ruleSet, scored).map((rule) => ({ ...rule, words: describeExplanation(rule) })),
  }
}
