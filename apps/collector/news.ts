import type { Clock } from '#lib/clock/clock.ts'
import { minuteMillis } from '#lib/clock/durations.ts'
import { type Reading, readNewestFirst } from '#lib/marketplace/newest-first.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Decision } from './decision.ts'
import { createFloor } from './known-listings.ts'
import { decideListings } from './processor.ts'
import { decideSales, newSales } from './settled-sales.ts'
import type { Paging, TaskContext } from './task-context.ts'

/** One look at the newest listings, down to those that are known. What is new is written in parts, the oldest first. */
export function createListingsTask({
  marketplace,
  committer,
  collecting,
  paging,
  clock,
  logger,
  metrics,
  health,
}: TaskContext): () => Promise<void> {
  const firstSize = createFirstSize(paging)
  const deepLook = createDeepLook(clock)
  return async () => {
    const mayHideNews = deepLook.next()
    const startedAt = clock.monotonic()
    const { recentListingIds } = committer.state()
    const known = new Set(recentListingIds)
    const floor = createFloor(recentListingIds, collecting.memory)
    const reading = await readNewestFirst({
      fetch(asked) {
        health.turned(true)
        return marketplace.newestListings(asked)
      },
      keyOf: ({ listingId }) => listingId,
      isKnown: ({ listingId }) => known.has(listingId),
      isPast: ({ ask }, marketTime) => ask.startedAt < floor(marketTime),
      mayHideNews: ({ ask }, marketTime) => mayHideNews(ask.startedAt, marketTime),
      firstSize: firstSize.next(),
      ...paging,
    })
    deepLook.done(Math.max(...reading.top.map(({ ask }) => ask.startedAt)))
    sayIfCut(reading, 'listings', logger)
    firstSize.met(reading.items.length)
    let decision: Decision
    do decision = await committer.commit((state) => decideListings(state, reading, collecting))
    while (decision.events.length >= collecting.maxEvents)
    metrics.poll(clock.monotonic() - startedAt)
  }
}

/** The same for settled sales. */
export function createSalesTask({ marketplace, committer, collecting, paging, clock, logger }: TaskContext): () => Promise<void> {
  const firstSize = createFirstSize(paging)
  const deepLook = createDeepLook(clock)
  return async () => {
    const mayHideNews = deepLook.next()
    const before = committer.state()
    const known = new Set(before.recentSaleIds)
    const reading = await readNewestFirst({
      fetch: marketplace.settledSales,
      keyOf: ({ newest }) => newest.saleId,
      isKnown: ({ newest }) => known.has(newest.saleId),
      isPast: ({ newest }, marketTime) => known.size === 0 && newest.soldAt < marketTime - collecting.memory.firstLookMillis,
      mayHideNews: ({ newest }, marketTime) => mayHideNews(newest.soldAt, marketTime),
      firstSize: firstSize.next(),
      ...paging,
    })
    deepLook.done(Math.max(...reading.top.map(({ newest }) => newest.soldAt)))
    sayIfCut(reading, 'sales', logger)
    firstSize.met(reading.items.length)
    const news = newSales(before, reading, collecting.memory)
    let decision: Decision
    do decision = await committer.commit((state) => decideSales(state, news, collecting))
    while (decision.events.length >= collecting.maxEvents)
  }
}

function sayIfCut(reading: Reading<unknown>, what: string, logger: Logger): void {
  if (reading.complete) return
  logger.warn({ what, read: reading.items.length }, `more new ${what} than can be read at once: the oldest are left out`)
}

/** How late the marketplace may show a listing or a sale, where it belongs by its time: below those that were read before. */
const lateMillis = 10 * minuteMillis
const deepLookEveryMillis = minuteMillis

/** Now and then a look goes on below what is known, down to what was there ten minutes before the last such look. */
function createDeepLook(clock: Clock) {
  let lookedAt = Number.NEGATIVE_INFINITY
  /** The newest entry at that time, by the market's clock. */
  let lastNewest = Number.POSITIVE_INFINITY
  let isDeep = false
  return {
    next(): (time: number, marketTime: number) => boolean {
      isDeep = clock.monotonic() - lookedAt >= deepLookEveryMillis
      const last = lastNewest
      return (time, marketTime) => isDeep && time > Math.min(marketTime, last) - lateMillis
    },
    /** The look is over; one that failed is made again. */
    done(newest: number): void {
      if (!isDeep) return
      lookedAt = clock.monotonic()
      if (Number.isFinite(newest)) lastNewest = newest
    },
  }
}

/** The first page is small while little happens: a page of a hundred costs both sides milliseconds, many times a second. */
function createFirstSize({ size, overlap }: Paging) {
  let first = size
  return {
    next: () => first,
    met: (news: number) => {
      first = Math.min(size, 3 * overlap + 2 * news)
    },
  }
}
