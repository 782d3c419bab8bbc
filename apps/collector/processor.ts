import { exchangeRateEvent, leaderboardEvent, listingEvent, saleEvent } from '#lib/market/event.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Held } from '#lib/marketplace/client.ts'
import type { Reading, Seen, SeenReject } from '#lib/marketplace/newest-first.ts'
import type { Reject } from '#lib/marketplace/page.ts'
import type { CollectorState, LeaderboardSnapshot, Listing, Sale, Source } from '#schemas/types.ts'
import type { Decision } from './decision.ts'
import { createFloor, isReject, type Memory, rejectId, remember, startedAtOf } from './known-listings.ts'
import { track, untrackSold } from './tracked-asks.ts'

/**
 * The pure core of the collector: from the state and what the marketplace answered, which events to write and what to remember.
 * Each decision holds the oldest news first and at most `maxEvents` of them: asked again with the state it returned, it gives the next,
 * and none when all is written. So a reading of any size is committed in parts, and a restart between two of them loses nothing.
 */
export type Collecting = Readonly<{
  source: Source
  memory: Memory
  maxEvents: number
  /** How many open asks are followed until they are gone. */
  tracks: number
}>

/** Newly offered listings, each once. */
export function decideListings(state: CollectorState, reading: Reading<Listing>, collecting: Collecting): Decision {
  const { source, memory, maxEvents } = collecting
  const known = new Set(state.recentListingIds)
  const floor = createFloor(state.recentListingIds, memory)
  const news = reading.items
    .filter(({ item, marketTime }) => !known.has(item.listingId) && item.ask.startedAt >= floor(marketTime))
    .sort(byStart)
    .slice(0, maxEvents)
  const rejects = newRejects(reading.rejects, known, (key, marketTime) => startedAtOf(key) < floor(marketTime))
  if (news.length === 0 && rejects.length === 0) return { events: [], rejects: [], state }
  const now = Math.max(...[...reading.items, ...reading.rejects].map(({ marketTime }) => marketTime))
  const fresh = [...news.map(({ item }) => item.listingId).reverse(), ...rejects.map(({ key }) => rejectId(key))]
  return {
    events: news.map(({ item, marketTime, heldAt }) => ({
      event: listingEvent(item, { observedAt: marketTime, origin: 'live', source }),
      collectedAt: heldAt,
    })),
    rejects,
    state: {
      ...state,
      recentListingIds: remember(state.recentListingIds, fresh, now, memory),
      trackedAsks: track(state.trackedAsks, news, collecting.tracks),
    },
  }
}

/**
 * Newly settled sales, each once: by the axie's whole history, because an axie that was sold twice is told with its newest sale first.
 * `after`: the last sale that was written of this very reading. (A sale's id does not tell its time, so the memory alone, which holds
 * the newest, could not tell what the parts before have written.)
 */
export function decideSales(
  state: CollectorState,
  reading: Reading<SettledEntry>,
  { source, memory, maxEvents }: Collecting,
  after: Sale | null = null,
): Decision {
  const known = new Set(state.recentSaleIds)
  const news = new Map<string, Seen<Sale>>()
  const floor = saleFloor(reading, known.size === 0, memory)
  for (const { item, marketTime, heldAt } of reading.items)
    for (const sale of item.sales)
      if (!known.has(sale.saleId) && sale.soldAt >= floor && (after === null || compareSales(sale, after) > 0))
        news.set(sale.saleId, { item: sale, marketTime, heldAt })
  const written = [...news.values()].sort(bySale).slice(0, maxEvents)
  const rejects = newRejects(reading.rejects, known, () => false)
  if (written.length === 0 && rejects.length === 0) return { events: [], rejects: [], state }
  const fresh = [...rejects.map(({ key }) => rejectId(key)), ...written.map(({ item }) => item.saleId).reverse()]
  return {
    events: written.map(({ item, marketTime }) => ({
      event: saleEvent(item, { observedAt: marketTime, origin: 'live', source }),
      collectedAt: null,
    })),
    rejects,
    state: {
      ...state,
      recentSaleIds: rememberSales(state.recentSaleIds, fresh, memory),
      trackedAsks: untrackSold(
        state.trackedAsks,
        written.map(({ item }) => item),
      ),
    },
  }
}

/**
 * Below the oldest known sale that was met, everything was met before: what an entry tells of earlier sales of its axie is no news. Where
 * none was met (we were away for long), below the oldest entry that was read. At the very first look: what is older than it reaches.
 */
function saleFloor(reading: Reading<SettledEntry>, isFirstLook: boolean, { firstLookMillis }: Memory): number {
  const { known, items } = reading
  if (isFirstLook) return Math.max(...items.map(({ marketTime }) => marketTime)) - firstLookMillis
  return Math.min(...(known.length > 0 ? known : items.map(({ item }) => item)).map(({ newest }) => newest.soldAt))
}

/**
 * History, in order of time: `sales` sorted by `bySale`, whole. What the state has written already is passed over. An event of the past
 * counts as known when it happened: a fold that starts today must stand where one that had been running would stand.
 */
export function decideBackfill(state: CollectorState, sales: readonly Sale[], { source, memory, maxEvents }: Collecting): Decision {
  const last = state.recentSaleIds.find((id) => !isReject(id))
  const written = last === undefined ? 0 : sales.findIndex(({ saleId }) => saleId === last) + 1
  const next = sales.slice(written, written + maxEvents)
  return {
    events: next.map((sale) => ({ event: saleEvent(sale, { observedAt: sale.soldAt, origin: 'backfill', source }), collectedAt: null })),
    rejects: [],
    state: {
      ...state,
      backfillDone: written + next.length >= sales.length,
      recentSaleIds: rememberSales(state.recentSaleIds, next.map(({ saleId }) => saleId).reverse(), memory),
    },
  }
}

/** Entries of the history that are no sales. */
export function decideHistoryRejects(state: CollectorState, rejects: readonly SeenReject[], { memory }: Collecting): Decision {
  const fresh = newRejects(rejects, new Set(state.recentSaleIds), () => false)
  if (fresh.length === 0) return { events: [], rejects: [], state }
  const ids = fresh.map(({ key }) => rejectId(key))
  return { events: [], rejects: fresh, state: { ...state, recentSaleIds: rememberSales(state.recentSaleIds, ids, memory) } }
}

export function decideExchangeRate(state: CollectorState, { value, marketTime }: Held<number>, { source }: Collecting): Decision {
  const event = exchangeRateEvent({ ethUsd: value }, { observedAt: marketTime, origin: 'live', source })
  return { events: [{ event, collectedAt: null }], rejects: [], state: { ...state, exchangeRateAt: marketTime } }
}

export function decideLeaderboard(
  state: CollectorState,
  { value, marketTime }: Held<LeaderboardSnapshot>,
  { source }: Collecting,
): Decision {
  const event = leaderboardEvent(value, { observedAt: marketTime, origin: 'live', source })
  return { events: [{ event, collectedAt: null }], rejects: [], state: { ...state, leaderboardAt: marketTime } }
}

/** Newest first. Sales do not push out rejects, nor these the sales. */
function rememberSales(ids: readonly string[], fresh: readonly string[], { capacity }: Memory): string[] {
  const all = [...fresh, ...ids]
  return [...all.filter((id) => !isReject(id)).slice(0, capacity), ...all.filter(isReject).slice(0, capacity)]
}

/** In order of time; at the same moment by id, so that every reading gives the same order. */
export const compareSales = (a: Sale, b: Sale): number => a.soldAt - b.soldAt || compareIds(a.saleId, b.saleId)
const bySale = (a: Seen<Sale>, b: Seen<Sale>): number => compareSales(a.item, b.item)
const byStart = (a: Seen<Listing>, b: Seen<Listing>): number =>
  a.item.ask.startedAt - b.item.ask.startedAt || compareIds(a.item.listingId, b.item.listingId)
const compareIds = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function newRejects(
  rejects: readonly SeenReject[],
  known: ReadonlySet<string>,
  isPast: (key: string, marketTime: number) => boolean,
): Reject[] {
  return rejects
    .filter(({ reject, marketTime }) => !known.has(rejectId(reject.key)) && !isPast(reject.key, marketTime))
    .map(({ reject }) => reject)
}
