import { cancellationEvent, exchangeRateEvent, leaderboardEvent, listingEvent } from '#lib/market/event.ts'
import type { Held } from '#lib/marketplace/client.ts'
import type { Reading } from '#lib/marketplace/newest-first.ts'
import type { CollectorState, ExchangeRate, LeaderboardSnapshot, Listing } from '#schemas/types.ts'
import type { Collecting, Decision } from './decision.ts'
import { createFloor, rejectId, remember, startedAtOf, unmetRejects } from './known-listings.ts'
import { endedAsks, track } from './tracked-asks.ts'

/**
 * The pure core of the collector: from the state and what the marketplace answered, which events to write and what to remember. Here
 * the newest listings and what they are priced with; sales are in settled-sales.ts, open asks in tracked-asks.ts.
 *
 * Each decision holds the oldest news first and at most `maxEvents` of them: asked again with the state it returned, it gives the next,
 * and none when all is written. So a reading of any size is committed in parts, and a restart between two of them loses nothing: what
 * is written lies below what is not, also within one second, so that the next reading meets the latter first.
 */

/** Newly offered listings, each once. */
export function decideListings(state: CollectorState, reading: Reading<Listing>, collecting: Collecting): Decision {
  const { source, memory, maxEvents } = collecting
  const known = new Set(state.recentListingIds)
  const now = Math.max(...[...reading.items, ...reading.rejects].map(({ marketTime }) => marketTime))
  const floor = createFloor(state.recentListingIds, memory)(now)
  const news = reading.items
    .filter(({ item }) => !known.has(item.listingId) && item.ask.startedAt >= floor)
    .reverse()
    .sort((a, b) => a.item.ask.startedAt - b.item.ask.startedAt)
    .slice(0, maxEvents)
  const rejects = unmetRejects(reading.rejects, known).filter(({ key }) => !(startedAtOf(key) < floor))
  if (news.length === 0 && rejects.length === 0) return { events: [], rejects: [], state }
  const { ended, tracked } = endedAsks(state, rejects)
  const fresh = [...news.map(({ item }) => item.listingId).reverse(), ...rejects.map(({ key }) => rejectId(key))]
  return {
    events: [
      ...news.map(({ item, marketTime, heldAt }) => ({
        event: listingEvent(item, { observedAt: marketTime, origin: 'live', source }),
        collectedAt: heldAt,
      })),
      ...ended.map((gone) => ({ event: cancellationEvent(gone, { observedAt: now, origin: 'live', source }), collectedAt: null })),
    ],
    rejects,
    state: {
      ...state,
      recentListingIds: remember(state.recentListingIds, fresh, now, memory),
      trackedAsks: track(tracked, news, collecting.tracks),
    },
  }
}

/** Nothing where it was written already: the answer to that commit was lost, and this is decided a second time. */
export function decideExchangeRate(state: CollectorState, { value, marketTime }: Held<ExchangeRate>, { source }: Collecting): Decision {
  if (state.exchangeRateAt === marketTime) return { events: [], rejects: [], state }
  const event = exchangeRateEvent(value, { observedAt: marketTime, origin: 'live', source })
  return { events: [{ event, collectedAt: null }], rejects: [], state: { ...state, exchangeRateAt: marketTime } }
}

/** The same. */
export function decideLeaderboard(
  state: CollectorState,
  { value, marketTime }: Held<LeaderboardSnapshot>,
  { source }: Collecting,
): Decision {
  if (state.leaderboardAt === marketTime) return { events: [], rejects: [], state }
  const event = leaderboardEvent(value, { observedAt: marketTime, origin: 'live', source })
  return { events: [{ event, collectedAt: null }], rejects: [], state: { ...state, leaderboardAt: marketTime } }
}
