import { askSeenEvent, cancellationEvent } from '#lib/market/event.ts'
import type { AxieAnswer } from '#lib/marketplace/answers.ts'
import type { Held } from '#lib/marketplace/client.ts'
import type { Seen } from '#lib/marketplace/newest-first.ts'
import type { Page, Reject } from '#lib/marketplace/page.ts'
import type { Cancellation, CollectorState, Listing, Sale, TrackedAsk } from '#schemas/types.ts'
import type { Collecting, Decision } from './decision.ts'
import { createFloor, rejectId, remember, startedAtOf } from './known-listings.ts'

/**
 * Which open asks are followed by id until they are gone. Leaving the page of the newest says nothing; only a query by id tells that an
 * offer was withdrawn.
 */

/** The newest are followed; an egg is none of our business. */
export function track(tracked: readonly TrackedAsk[], news: readonly Seen<Listing>[], most: number): TrackedAsk[] {
  const fresh = news
    .filter(({ item }) => item.item.parts.length > 0)
    .map(({ item, marketTime }) => ({ listingId: item.listingId, tokenId: item.item.tokenId, seenAt: marketTime }))
  // A new offer of the same axie replaces the old one.
  const replaced = new Set(fresh.map(({ tokenId }) => tokenId))
  return [...tracked.filter(({ tokenId }) => !replaced.has(tokenId)), ...fresh].slice(-most)
}

/** Sold: the sale is its end. */
export function untrackSold(tracked: readonly TrackedAsk[], sales: readonly Sale[]): readonly TrackedAsk[] {
  const soldAt = new Map(sales.map((sale) => [sale.item.tokenId, sale.soldAt]))
  const isSold = ({ tokenId, listingId }: TrackedAsk): boolean =>
    (soldAt.get(tokenId) ?? Number.NEGATIVE_INFINITY) >= startedAtOf(listingId)
  return tracked.some(isSold) ? tracked.filter((ask) => !isSold(ask)) : tracked
}

/** Codes by which an order is refused that was open once: see refusalOfOrder. */
const endedCodes: ReadonlySet<string> = new Set(['order_closed', 'order_expired'])

/**
 * Listings that were met as open, and that a list now shows as void, cancelled or expired: their asks end. Those of the tracked that are
 * among them are followed no longer.
 */
export function endedAsks(
  state: CollectorState,
  rejects: readonly Reject[],
): Readonly<{ ended: readonly Cancellation[]; tracked: readonly TrackedAsk[] }> {
  const known = new Set([...state.recentListingIds, ...state.trackedAsks.map(({ listingId }) => listingId)])
  const ended = rejects.flatMap(({ key, code, tokenId }) =>
    endedCodes.has(code) && tokenId !== null && known.has(key) ? [{ listingId: key, tokenId }] : [],
  )
  if (ended.length === 0) return { ended, tracked: state.trackedAsks }
  const ids = new Set(ended.map(({ listingId }) => listingId))
  return { ended, tracked: state.trackedAsks.filter(({ listingId }) => !ids.has(listingId)) }
}

/** The one that was not seen for the longest time. */
export const nextToCheck = (tracked: readonly TrackedAsk[]): TrackedAsk | null =>
  tracked.reduce<TrackedAsk | null>((oldest, ask) => (oldest === null || ask.seenAt < oldest.seenAt ? ask : oldest), null)

/** Where an axie is: whether it is still offered, and whom it was last sold to. */
type Whereabouts = Pick<AxieAnswer, 'listing' | 'lastSale'>

/** What a query by id says of a tracked ask: still there, sold (its sale comes on its own), or withdrawn. */
export function decideAsk(state: CollectorState, asked: TrackedAsk, answer: Held<Whereabouts | null>, { source }: Collecting): Decision {
  const tracked = state.trackedAsks.find(({ listingId }) => listingId === asked.listingId)
  // Answered already, by this very answer: decided a second time, after a commit of unknown outcome.
  if (tracked === undefined || tracked.seenAt === answer.marketTime) return { events: [], rejects: [], state }
  const observation = { observedAt: answer.marketTime, origin: 'live', source } as const
  const listing = answer.value?.listing ?? null
  if (listing?.listingId === asked.listingId) {
    return {
      events: [{ event: askSeenEvent(listing, observation), collectedAt: null }],
      rejects: [],
      state: { ...state, trackedAsks: seen(state.trackedAsks, [asked.listingId], answer.marketTime) },
    }
  }
  const withoutIt = { ...state, trackedAsks: state.trackedAsks.filter((ask) => ask !== tracked) }
  const wasSold = (answer.value?.lastSale?.soldAt ?? Number.NEGATIVE_INFINITY) >= startedAtOf(asked.listingId)
  if (wasSold) return { events: [], rejects: [], state: withoutIt }
  const { listingId, tokenId } = asked
  return { events: [{ event: cancellationEvent({ listingId, tokenId }, observation), collectedAt: null }], rejects: [], state: withoutIt }
}

/** A tracked ask about which nothing could be learned: the others come first. */
export const postponeAsk = (state: CollectorState, { listingId }: TrackedAsk, now: number): Decision => ({
  events: [],
  rejects: [],
  state: { ...state, trackedAsks: seen(state.trackedAsks, [listingId], now) },
})

/** A page of the slow sweep. An offer that is too new to have been met is left to come as a listing first. */
export function decideSweep(state: CollectorState, page: Page<Listing>, { source, memory }: Collecting): Decision {
  const known = new Set(state.recentListingIds)
  const floor = createFloor(state.recentListingIds, memory)(page.marketTime)
  const met = page.items.filter(({ listingId, ask }) => known.has(listingId) || ask.startedAt < floor)
  const rejects = page.rejects.filter(({ key }) => !known.has(rejectId(key)) && !(startedAtOf(key) < floor))
  const observation = { observedAt: page.marketTime, origin: 'live', source } as const
  const { ended, tracked } = endedAsks(state, rejects)
  const trackedAsks = seen(
    tracked,
    met.map(({ listingId }) => listingId),
    page.marketTime,
  )
  const recentListingIds =
    rejects.length === 0
      ? state.recentListingIds
      : remember(
          state.recentListingIds,
          rejects.map(({ key }) => rejectId(key)),
          page.marketTime,
          memory,
        )
  return {
    events: [
      ...met.map((listing) => ({ event: askSeenEvent(listing, observation), collectedAt: null })),
      ...ended.map((gone) => ({ event: cancellationEvent(gone, observation), collectedAt: null })),
    ],
    rejects,
    state: met.length === 0 && rejects.length === 0 ? state : { ...state, recentListingIds, trackedAsks },
  }
}

function seen(tracked: readonly TrackedAsk[], listingIds: readonly string[], at: number): readonly TrackedAsk[] {
  const ids = new Set(listingIds)
  if (!tracked.some(({ listingId }) => ids.has(listingId))) return tracked
  return tracked.map((ask) => (ids.has(ask.listingId) ? { ...ask, seenAt: at } : ask))
}
