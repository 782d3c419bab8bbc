import { saleEvent } from '#lib/market/event.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import type { Reading, Seen, SeenReject } from '#lib/marketplace/newest-first.ts'
import type { CollectorState, Sale } from '#schemas/types.ts'
import type { Collecting, Decision } from './decision.ts'
import { isReject, type Memory, rejectId, unmetRejects } from './known-listings.ts'
import { untrackSold } from './tracked-asks.ts'

/** Sales that a reading of the settled list has brought to light, in order of time and of the list. Written in parts by `decideSales`. */
export type SaleNews = Readonly<{ sales: readonly Seen<Sale>[]; rejects: readonly SeenReject[] }>

/**
 * What is new in a reading, against the state that it began with: by the whole history of each axie, because one that was sold twice is
 * told with its newest sale only. Ids of sales do not tell their time, and few are remembered, so two bounds say what else was met:
 *
 * - The floor: sales are written in order of time, so below one that was written everything was, except for what the marketplace tells
 *   late: the oldest that was met of the newer half of those remembered leaves room for that. (Of the newer half, because the older one
 *   may share its last second with sales that are forgotten.) Where none was met, as we were away for long: below the oldest entry that
 *   was read. At the very first look: what is older than that reaches.
 * - The ceiling: a sale that came in above the reading may show in the history of an axie further down. Others beside it do not: it
 *   waits for them.
 */
export function newSales(state: CollectorState, reading: Reading<SettledEntry>, memory: Memory): SaleNews {
  const known = new Set(state.recentSaleIds)
  const floor = floorOf(state, reading, memory)
  const ceiling = Math.max(...reading.top.map(({ newest }) => newest.soldAt))
  const sales = new Map<string, Seen<Sale>>()
  for (const { item, ...when } of reading.items.toReversed())
    for (const sale of item.sales)
      if (!known.has(sale.saleId) && sale.soldAt >= floor && sale.soldAt <= ceiling) sales.set(sale.saleId, { item: sale, ...when })
  return { sales: [...sales.values()].sort((a, b) => a.item.soldAt - b.item.soldAt), rejects: reading.rejects }
}

function floorOf(state: CollectorState, reading: Reading<SettledEntry>, { capacity, firstLookMillis }: Memory): number {
  const read = reading.items.map(({ item }) => item)
  if (state.recentSaleIds.length === 0) return Math.max(...reading.items.map(({ marketTime }) => marketTime)) - firstLookMillis
  const newerHalf = new Set(state.recentSaleIds.slice(0, capacity / 2))
  const met = [...reading.known, ...read].flatMap(({ sales }) => sales.filter(({ saleId }) => newerHalf.has(saleId)))
  return Math.min(...(met.length > 0 ? met : read.map(({ newest }) => newest)).map(({ soldAt }) => soldAt))
}

/** The next part of the news: what comes after the last of them that the state says is written. */
export function decideSales(state: CollectorState, news: SaleNews, { source, memory, maxEvents }: Collecting): Decision {
  const known = new Set(state.recentSaleIds)
  const written = news.sales.findLastIndex(({ item }) => known.has(item.saleId)) + 1
  const next = news.sales.slice(written, written + maxEvents)
  const rejects = unmetRejects(news.rejects, known)
  if (next.length === 0 && rejects.length === 0) return { events: [], rejects: [], state }
  const sales = next.map(({ item }) => item)
  const fresh = [...rejects.map(({ key }) => rejectId(key)), ...sales.map(({ saleId }) => saleId).reverse()]
  return {
    events: next.map(({ item, marketTime }) => ({
      event: saleEvent(item, { observedAt: marketTime, origin: 'live', source }),
      collectedAt: null,
    })),
    rejects,
    state: {
      ...state,
      recentSaleIds: remember(state.recentSaleIds, fresh, memory),
      trackedAsks: untrackSold(state.trackedAsks, sales),
    },
  }
}

/**
 * History, in order of time: `sales` sorted by `compareSales`, whole. What the state has written already is passed over. An event of the
 * past counts as known when it happened: a fold that starts today must stand where one that had been running would stand.
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
      recentSaleIds: remember(state.recentSaleIds, next.map(({ saleId }) => saleId).reverse(), memory),
    },
  }
}

/** Entries of the history that are no sales. */
export function decideHistoryRejects(state: CollectorState, rejects: readonly SeenReject[], { memory }: Collecting): Decision {
  const fresh = unmetRejects(rejects, new Set(state.recentSaleIds))
  if (fresh.length === 0) return { events: [], rejects: [], state }
  const ids = fresh.map(({ key }) => rejectId(key))
  return { events: [], rejects: fresh, state: { ...state, recentSaleIds: remember(state.recentSaleIds, ids, memory) } }
}

/** Newest first. Sales do not push out rejects, nor these the sales. */
function remember(ids: readonly string[], fresh: readonly string[], { capacity }: Memory): string[] {
  const all = [...fresh, ...ids]
  return [...all.filter((id) => !isReject(id)).slice(0, capacity), ...all.filter(isReject).slice(0, capacity)]
}
