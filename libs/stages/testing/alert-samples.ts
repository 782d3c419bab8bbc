import { netGainUsd } from '#lib/rules/judge.ts'
import { defaultRules, defaultRulesHash } from '#lib/rules/presets.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import { reasonOf } from '#lib/stages/reason.ts'
import type { Alert, ScoredListing } from '#schemas/types.ts'

/** Alerts for tests of what people see. */
export function sampleAlert(scored: ScoredListing = sampleScored, change: Partial<Alert> = {}): Alert {
  const { listing, quantilesUsd } = scored
  const rule = defaultRules.rules[0]!
  return {
    alertId: `${listing.listingId}:${rule.name}`,
    listingId: listing.listingId,
    rule: rule.name,
    rulesHash: defaultRulesHash,
    channel: null,
    reason: reasonOf(scored, rule, defaultRules),
    netGainUsd: netGainUsd(quantilesUsd.q50, listing.ask.usd, defaultRules),
    netGainLowUsd: netGainUsd(quantilesUsd.q25, listing.ask.usd, defaultRules),
    deadlineMillis: 120_000,
    scored,
    ...change,
  }
}
