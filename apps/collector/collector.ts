import type { Clock } from '#lib/clock/clock.ts'
import { payloadOf } from '#lib/market/event.ts'
import { type Marketplace, maxPageSize } from '#lib/marketplace/client.ts'
import { type Reading, readNewestFirst } from '#lib/marketplace/newest-first.ts'
import { RejectedError } from '#lib/stream/errors.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { CollectorState, Sale } from '#schemas/types.ts'
import { readHistory } from './backfill.ts'
import type { CollectorMetrics } from './collector-metrics.ts'
import type { Committer } from './committer.ts'
import type { Decision } from './decision.ts'
import { createFloor } from './known-listings.ts'
import { type LaneOptions, runLane } from './lane.ts'
import {
  type Collecting,
  decideBackfill,
  decideExchangeRate,
  decideHistoryRejects,
  decideLeaderboard,
  decideListings,
  decideSales,
} from './processor.ts'
import { decideAsk, decideSweep, nextToCheck, postponeAsk } from './tracked-asks.ts'

export type CollectorOptions = Readonly<{
  marketplace: Marketplace
  committer: Committer
  collecting: Collecting
  historyDays: number
  /** Milliseconds of the wall clock between two looks; 0 for the last two: never. */
  every: Readonly<{ listings: number; sales: number; sweep: number; askCheck: number }>
  clock: Clock
  logger: Logger
  health: Health
  metrics: CollectorMetrics
  /** The market's clock at the newest answer; null before the first. */
  marketTime(): number | null
  stopping: AbortSignal
}>

/** How many entries neighbouring pages share, and how many known ones end a reading. */
const overlap = 10
/** A reading longer than this is given up: what is older is left to the sweep. */
const mostPages = 500
const minuteMillis = 60_000
const dayMillis = 86_400_000
/** Of a simulated market minutes fly by: so often at most, by the wall clock. */
const dueCheckMillis = 500
/** As the marketplace spells them. */
const classNames = ['Aquatic', 'Beast', 'Bird', 'Bug', 'Dawn', 'Dusk', 'Mech', 'Plant', 'Reptile']

/** Collects until told to stop: history first, once, then each kind of news in a lane of its own. Rejects when it cannot go on. */
export async function collect(options: CollectorOptions): Promise<void> {
  const { every, stopping } = options
  const once = (name: string, task: () => Promise<void>): Promise<void> =>
    untilDone({ ...options, name, everyMillis: 0, task, isMain: true })
  const lane = (name: string, everyMillis: number, task: () => Promise<void>): Promise<void> =>
    everyMillis === 0 ? Promise.resolve() : runLane({ ...options, name, everyMillis, task, isMain: name === 'listings' })

  await once('history', () => backfill(options))
  const references = createReferences(options)
  // What listings are priced with comes before the first of them.
  await once('references', references)
  if (stopping.aborted) return
  await Promise.all([
    lane('listings', every.listings, createListingsTask(options)),
    lane('sales', every.sales, createSalesTask(options)),
    lane('references', dueCheckMillis, references),
    lane('sweep', every.sweep, createSweepTask(options)),
    lane('asks', every.askCheck, createAskTask(options)),
  ])
}

/** A lane that ends when its task has been done. */
async function untilDone(options: LaneOptions): Promise<void> {
  const done = new AbortController()
  const task = async (): Promise<void> => {
    await options.task()
    done.abort()
  }
  await runLane({ ...options, task, stopping: AbortSignal.any([options.stopping, done.signal]) })
}

async function backfill({ marketplace, committer, collecting, historyDays, clock, logger, health }: CollectorOptions): Promise<void> {
  if (committer.state().backfillDone) return
  const startedAt = clock.now()
  let saidAt = startedAt
  const history =
    historyDays === 0
      ? { sales: [], rejects: [], complete: true }
      : await readHistory(marketplace, historyDays, (sales, back) => {
          health.turned(true)
          if (clock.now() - saidAt < 2_000) return
          saidAt = clock.now()
          logger.info({ sales, back: Number.isFinite(back) ? new Date(back).toISOString() : null, historyDays }, 'reading history')
        })
  if (!history.complete) logger.warn({ sales: history.sales.length }, 'there is more history than can be read: the oldest is left out')
  await committer.commit((state) => decideHistoryRejects(state, history.rejects, collecting))
  await commitAll(
    committer,
    (state) => decideBackfill(state, history.sales, collecting),
    () => !committer.state().backfillDone,
  )
  logger.info({ sales: history.sales.length, rejects: history.rejects.length, millis: clock.now() - startedAt }, 'history is written')
}

/** Decides again, on what was committed, as long as there is more. */
async function commitAll(
  committer: Committer,
  decide: (state: CollectorState) => Decision,
  hasMore: (decision: Decision) => boolean,
): Promise<void> {
  while (hasMore(await committer.commit(decide)));
}

function createListingsTask({ marketplace, committer, collecting, logger, metrics, health }: CollectorOptions): () => Promise<void> {
  const pageSize = createPageSize()
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
      firstSize: pageSize.next(),
      size: maxPageSize,
      overlap,
      maxPages: mostPages,
    })
    sayIfCut(reading, 'listings', logger)
    pageSize.met(reading.items.length)
    await commitAll(
      committer,
      (state) => decideListings(state, reading, collecting),
      ({ events }) => events.length === collecting.maxEvents,
    )
    metrics.poll(performance.now() - startedAt)
  }
}

function createSalesTask({ marketplace, committer, collecting, logger }: CollectorOptions): () => Promise<void> {
  const pageSize = createPageSize()
  return async () => {
    const { recentSaleIds } = committer.state()
    const known = new Set(recentSaleIds)
    const reading = await readNewestFirst({
      fetch: marketplace.settledSales,
      keyOf: ({ newest }) => newest.saleId,
      isKnown: ({ newest }) => known.has(newest.saleId),
      isPast: ({ newest }, marketTime) => known.size === 0 && newest.soldAt < marketTime - collecting.memory.firstLookMillis,
      firstSize: pageSize.next(),
      size: maxPageSize,
      overlap,
      maxPages: mostPages,
    })
    sayIfCut(reading, 'sales', logger)
    pageSize.met(reading.items.length)
    for (let after: Sale | null = null; ; ) {
      const decision: Decision = await committer.commit((state) => decideSales(state, reading, collecting, after))
      const last = decision.events.at(-1)
      if (last === undefined || decision.events.length < collecting.maxEvents) return
      after = payloadOf(last.event).value as Sale
    }
  }
}

/** Exchange rate and leaderboard, when they are due by the market's clock; at the first call always, to learn what time it is. */
function createReferences({ marketplace, committer, collecting, marketTime }: CollectorOptions): () => Promise<void> {
  let isFirst = true
  let hasLeaderboard = true
  const isDue = (last: number | null, everyMillis: number): boolean => last === null || (marketTime() ?? last) - last >= everyMillis
  return async () => {
    if (isFirst || isDue(committer.state().exchangeRateAt, minuteMillis)) {
      const rate = await marketplace.ethUsd()
      await committer.commit((state) => decideExchangeRate(state, rate, collecting))
      isFirst = false
    }
    if (!hasLeaderboard || !isDue(committer.state().leaderboardAt, dayMillis)) return
    const snapshot = await marketplace.leaderboard()
    if (snapshot === null) hasLeaderboard = false
    else await committer.commit((state) => decideLeaderboard(state, snapshot, collecting))
  }
}

/** The cheapest of one class after the other. */
function createSweepTask({ marketplace, committer, collecting }: CollectorOptions): () => Promise<void> {
  let turns = 0
  return async () => {
    const page = await marketplace.cheapestListings(classNames[turns % classNames.length]!, { from: 0, size: maxPageSize })
    turns++
    await committer.commit((state) => decideSweep(state, page, collecting))
  }
}

/** One tracked ask after the other. */
function createAskTask({ marketplace, committer, collecting, marketTime }: CollectorOptions): () => Promise<void> {
  return async () => {
    const asked = nextToCheck(committer.state().trackedAsks)
    if (asked === null) return
    try {
      const answer = await marketplace.axie(asked.tokenId)
      await committer.commit((state) => decideAsk(state, asked, answer, collecting))
    } catch (error) {
      // Its offer has become one that nobody can read: it was told once, as a reject of the page of the newest or of the sweep.
      if (!(error instanceof RejectedError)) throw error
      await committer.commit((state) => postponeAsk(state, asked, marketTime() ?? asked.seenAt))
    }
  }
}

function sayIfCut(reading: Reading<unknown>, what: string, logger: Logger): void {
  if (!reading.complete)
    logger.warn({ what, read: reading.items.length }, `more new ${what} than can be read at once: the oldest are left out`)
}

/** Small pages while little happens: a page of a hundred costs both sides milliseconds, many times a second. */
function createPageSize() {
  const smallest = 3 * overlap
  let size = maxPageSize
  return {
    next: () => size,
    met: (news: number) => {
      size = Math.min(maxPageSize, Math.max(smallest, overlap + 2 * news))
    },
  }
}
