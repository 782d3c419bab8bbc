import type { Clock } from '#lib/clock/clock.ts'
import type { SettledEntry } from '#lib/marketplace/answers.ts'
import { readNewestFirst, type SeenReject } from '#lib/marketplace/newest-first.ts'
import type { Sale } from '#schemas/types.ts'
import type { Decision } from './decision.ts'
import { compareSales, decideBackfill, decideHistoryRejects } from './settled-sales.ts'
import type { TaskContext } from './task-context.ts'

/** What reading takes; writing takes the rest of a task's context. */
export type HistoryReading = Pick<TaskContext, 'marketplace' | 'paging' | 'health'> &
  Readonly<{
    historyDays: number
    /** Told of each page: sales met so far, when the oldest of the page was sold, and what time it is on the market. */
    onPage(sales: number, reached: number | null, marketTime: number): void
  }>

type HistoryContext = TaskContext & Readonly<{ clock: Clock; historyDays: number }>

export type History = Readonly<{
  /** In order of time, each once. */
  sales: readonly Sale[]
  rejects: readonly SeenReject[]
  /** False when there is more history than was read. */
  complete: boolean
}>

const dayMillis = 86_400_000
const progressMillis = 2_000
/** A market with more sales than this in its history is cut there: all are held in memory once, to be sorted. */
const mostSales = 400_000

/**
 * Settled sales of the last days, before the first live event, once. Read whole and sorted before the first is written, so an
 * interrupted one reads again, and writes from where it was.
 */
export const createHistoryTask = (context: HistoryContext) => async (): Promise<void> => {
  const { committer, collecting, logger, clock, historyDays } = context
  if (committer.state().backfillDone) return
  const startedAt = clock.monotonic()
  const { sales, rejects, complete } =
    historyDays === 0 ? { sales: [], rejects: [], complete: true } : await readHistory({ ...context, onPage: createProgress(context) })
  if (!complete) logger.warn({ sales: sales.length }, 'there is more history than can be held: the oldest is left out')
  let decision: Decision = await committer.commit((state) => decideHistoryRejects(state, rejects, collecting))
  while (!decision.state.backfillDone) decision = await committer.commit((state) => decideBackfill(state, sales, collecting))
  logger.info({ sales: sales.length, rejects: rejects.length, millis: clock.monotonic() - startedAt }, 'history is written')
}

/** The settled sales of the last days, by the market's clock. Rejects as the marketplace does. */
export async function readHistory({ marketplace, health, paging, historyDays, onPage }: HistoryReading): Promise<History> {
  const sales = new Map<string, Sale>()
  let from = Number.NEGATIVE_INFINITY
  const reading = await readNewestFirst<SettledEntry>({
    async fetch(asked) {
      health.turned(true)
      const page = await marketplace.settledSales(asked)
      from = Math.max(from, page.marketTime - historyDays * dayMillis)
      for (const sale of page.items.flatMap((entry) => entry.sales)) sales.set(sale.saleId, sale)
      onPage(sales.size, page.items.at(-1)?.newest.soldAt ?? null, page.marketTime)
      return page
    },
    keyOf: ({ newest }) => newest.saleId,
    isKnown: () => false,
    isPast: ({ newest }, marketTime) => newest.soldAt < marketTime - historyDays * dayMillis,
    firstSize: paging.size,
    ...paging,
    maxPages: Math.ceil(mostSales / (paging.size - paging.overlap)),
  })
  const history = [...sales.values()].filter(({ soldAt }) => soldAt >= from).sort(compareSales)
  return { sales: history, rejects: reading.rejects, complete: reading.complete }
}

function createProgress({ logger, clock, historyDays }: HistoryContext): (sales: number, reached: number | null) => void {
  let saidAt = clock.monotonic()
  return (sales, reached) => {
    if (clock.monotonic() - saidAt < progressMillis) return
    saidAt = clock.monotonic()
    logger.info({ sales, reached: reached === null ? null : new Date(reached).toISOString(), historyDays }, 'reading history')
  }
}
