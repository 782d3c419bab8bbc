import type { AppContext } from '#lib/app/app.ts'
import type { Clock } from '#lib/clock/clock.ts'
import type { Budget } from '#lib/marketplace/budget.ts'
import { createMarketplace } from '#lib/marketplace/client.ts'
import { budgetOf } from '#lib/marketplace/key-settings.ts'
import { openSpentRecordOf } from '#lib/marketplace/spent-record.ts'
import type { Alert } from '#schemas/types.ts'
import type { settings } from './config.ts'

/** Whether what was alerted is still on offer: true, false, or null where nobody can tell in time. */
export type Freshness = Readonly<{ isStillThere(alert: Alert): Promise<boolean | null>; close(): Promise<void> }>

const timeoutMillis = 1_500
const maxBodyBytes = 1_048_576

/** An alert must not wait long for this: one question, no second try, and no answer is no reason to be silent. */
function createFreshness({ url, apiKey, budget, clock }: { url: string; apiKey: string; budget: Budget; clock: Clock }): Freshness {
  const marketplace = createMarketplace({
    url,
    leaderboardUrl: null,
    apiKey,
    requestsPerSecond: 10,
    budget,
    concurrentRequests: 4,
    timeoutMillis,
    attempts: 1,
    maxBodyBytes,
    marketTimeHeader: null,
    clock,
  })
  return {
    async isStillThere({ listingId, scored }) {
      try {
        const { value } = await marketplace.axie(scored.listing.item.tokenId)
        return value?.listing?.listingId === listingId
      } catch {
        return null
      }
    },
    close: marketplace.close,
  }
}

const noFreshness: Freshness = { isStillThere: async () => null, close: async () => {} }

/** Asked where MARKETPLACE_URL says whom, out of the notifier's share of the key. */
export async function openFreshness(context: AppContext<typeof settings>): Promise<Freshness> {
  const { config, clock } = context
  if (config.MARKETPLACE_URL === null) return noFreshness
  const apiKey = config.AXIE_API_KEY ?? ''
  const spent = await openSpentRecordOf(context, 'notifier', apiKey)
  const freshness = createFreshness({ url: config.MARKETPLACE_URL, apiKey, budget: budgetOf('notifier', clock, config, spent), clock })
  return {
    isStillThere: freshness.isStillThere,
    async close() {
      await freshness.close()
      await spent.close()
    },
  }
}
