import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { PaperTrade } from '#schemas/types.ts'

/** Paper trades for tests of what people see: bought for $20, and still on offer. */
export function samplePaperTrade(change: Partial<PaperTrade> = {}): PaperTrade {
  const { alertId, listingId, rulesHash, scored } = sampleAlert()
  const { item, source, observedAt, ask } = scored.listing
  const { tokenId, class: axieClass, breedCount } = item
  return {
    ...{ tradeId: `default/${alertId}`, account: 'default', alertId, rulesHash, listingId, source },
    ...{ tokenId, class: axieClass, breedCount, startedAt: ask.startedAt },
    ...{ alertedAt: observedAt, boughtAt: observedAt + 60_000, until: observedAt + 86_460_000, askUsd: 20, costUsd: 20.02 },
    ...{ state: 'offered', missedFor: null, firstPriceUsd: 40, endedAt: null, priceUsd: null, gainUsd: null, saleId: null },
    ...change,
  }
}
