import type { Reject } from '#lib/marketplace/page.ts'
import type { CollectorState, MarketEvent } from '#schemas/types.ts'

/** An event to write. `collectedAt`: wall clock when the answer was in our hands; only where latency counts from there. */
export type CollectedEvent = Readonly<{ event: MarketEvent; collectedAt: number | null }>

/** What follows from an answer and the state before it: written together or not at all. */
export type Decision = Readonly<{
  events: readonly CollectedEvent[]
  rejects: readonly Reject[]
  /** The very same object when nothing is to be remembered. */
  state: CollectorState
}>

export const initialState = (market: string): CollectorState => ({
  market,
  backfillDone: false,
  recentListingIds: [],
  recentSaleIds: [],
  exchangeRateAt: null,
  leaderboardAt: null,
  trackedAsks: [],
})
