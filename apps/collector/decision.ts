import type { Reject } from '#lib/marketplace/page.ts'
import type { CollectorState, MarketEvent, Source } from '#schemas/types.ts'
import type { Memory } from './known-listings.ts'

/** An event to write. `collectedAt`: wall clock when the answer was in our hands; only where latency counts from there. */
export type CollectedEvent = Readonly<{ event: MarketEvent; collectedAt: number | null }>

/** What follows from an answer and the state before it: written together or not at all. */
export type Decision = Readonly<{
  events: readonly CollectedEvent[]
  rejects: readonly Reject[]
  /** The very same object when nothing is to be remembered. */
  state: CollectorState
}>

/** How to decide. */
export type Collecting = Readonly<{
  /** Stamped on every event. */
  source: Source
  memory: Memory
  maxEvents: number
  /** How many open asks are followed until they are gone. */
  tracks: number
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
