import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Outcome } from '#schemas/types.ts'

/** Outcomes for tests of what people see: the sample alert, sold 45 seconds after it was seen. */
export function sampleOutcome(change: Partial<Outcome> = {}): Outcome {
  const { alertId, listingId, rule, scored } = sampleAlert()
  const { item, source, observedAt, ask } = scored.listing
  return {
    alertId,
    kind: 'alert',
    status: 'gone',
    goneAt: observedAt + 45_000,
    goneBy: 'sold',
    soldUsd: ask.usd,
    resoldAt: null,
    resoldUsd: null,
    netUsd: null,
    netEth: null,
    listingId,
    tokenId: item.tokenId,
    rule,
    source,
    alertedAt: observedAt,
    askUsd: ask.usd,
    askEth: ask.eth,
    forecastUsd: scored.quantilesUsd.q50,
    rejectedFor: null,
    bought: false,
    isFinal: false,
    heldBack: null,
    ...change,
  }
}
