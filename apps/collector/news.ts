import { payloadOf } from '#lib/market/event.ts'
import { type Reading, readNewestFirst } from '#lib/marketplace/newest-first.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Sale } from '#schemas/types.ts'
import type { Decision } from './decision.ts'
import { createFloor } from './known-listings.ts'
import { decideListings, decideSales } from './processor.ts'
import type { Paging, TaskContext } from './task-context.ts'

/** One look at the newest listings, down to those that are known. What is new is written in parts, the oldest first. */
export function createListingsTask({
  marketplace,
  committer,
  collecting,
  paging,
  logger,
  metrics,
  health,
}: TaskContext): () => Promise<void> {
  const firstSize = createFirstSize(paging)
  return async () => {
    const startedAt = performance.now()
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
      firstSize: firstSize.next(),
      ...paging,
    })
    sayIfCut(reading, 'listings', logger)
    firstSize.met(reading.items.length)
    let decision: Decision
    do decision = await committer.commit((state) => decideListings(state, reading, collecting))
    while (decision.events.length === collecting.maxEvents)
    metrics.poll(performance.now() - startedAt)
  }
}

/** The same for settled sales. */
export function createSalesTask({ marketplace, committer, collecting, paging, logger }: TaskContext): () => Promise<void> {
  const firstSize = createFirstSize(paging)
  return async () => {
    const known = new Set(committer.state().recentSaleIds)
    const reading = await readNewestFirst({
      fetch: marketplace.settledSales,
      keyOf: ({ newest }) => newest.saleId,
      isKnown: ({ newest }) => known.has(newest.saleId),
      isPast: ({ newest }, marketTime) => known.size === 0 && newest.soldAt < marketTime - collecting.memory.firstLookMillis,
      firstSize: firstSize.next(),
      ...paging,
    })
    sayIfCut(reading, 'sales', logger)
    firstSize.met(reading.items.length)
    for (let after: Sale | null = null; ; ) {
      const decision: Decision = await committer.commit((state) => decideSales(state, reading, collecting, after))
      const last = decision.events.at(-1)
      if (last === undefined || decision.events.length < collecting.maxEvents) return
      after = payloadOf(last.event).value as Sale
    }
  }
}

function sayIfCut(reading: Reading<unknown>, what: string, logger: Logger): void {
  if (reading.complete) return
  logger.warn({ what, read: reading.items.length }, `more new ${what} than can be read at once: the oldest are left out`)
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
