import type { Clock } from '#lib/clock/clock.ts'
import { futureToleranceMillis } from '#lib/market/horizons.ts'
import type { MarketplaceError } from '#lib/marketplace/errors.ts'
import { describeHistory, type History, mayPass, readHistory } from '#lib/marketplace/history.ts'
import type { Health } from '#lib/telemetry/health.ts'
import type { Sale } from '#schemas/types.ts'
import type { Decision } from './decision.ts'
import { decideBackfill, decideHistoryRejects } from './settled-sales.ts'
import type { TaskContext } from './task-context.ts'

type HistoryContext = TaskContext &
  Readonly<{
    clock: Clock
    health: Pick<Health, 'turned' | 'set'>
    historyDays: number
    archived(from: number, before: number): Promise<readonly Sale[]>
    stopping: AbortSignal
  }>

const progressMillis = 2_000
/** How many axies are asked for what they sold for before, once the list of settled auctions is out of reach: each costs what a page does. */
const transferRequests = 300

const nothing: History = {
  ...{ sales: [], rejects: [], complete: true, daysCovered: 0, daysAsked: 0, requests: 0 },
  from: { settled: 0, archive: 0, transfers: 0 },
}

/**
 * Settled sales of the last days, before the first live event, once. Read whole and sorted before the first is written, so an
 * interrupted one reads again, and writes from where it was.
 */
export const createHistoryTask = (context: HistoryContext) => async (): Promise<void> => {
  const { committer, collecting, logger, clock, historyDays } = context
  if (committer.state().backfillDone) return
  const startedAt = clock.monotonic()
  const history = historyDays === 0 ? nothing : await read(context)
  const { rejects, complete, daysCovered, from, requests } = history
  const sales = pastSales(history.sales, context)
  if (!complete) logger.warn({ sales: sales.length, daysCovered, historyDays }, `history: ${describeHistory(history)}`)
  let decision: Decision = await committer.commit((state) => decideHistoryRejects(state, rejects, collecting))
  while (!decision.state.backfillDone) decision = await committer.commit((state) => decideBackfill(state, sales, collecting))
  const millis = clock.monotonic() - startedAt
  logger.info({ sales: sales.length, rejects: rejects.length, complete, daysCovered, from, requests, millis }, 'history is written')
}

/**
 * An event of the past is known when it happened: by what the marketplace says. One that it puts into the future would move the clock of
 * the whole market there, which then forgets everything before it.
 */
function pastSales(sales: readonly Sale[], { marketTime, logger }: HistoryContext): readonly Sale[] {
  const latest = (marketTime() ?? Number.POSITIVE_INFINITY) + futureToleranceMillis
  const past = sales.filter(({ soldAt }) => soldAt <= latest)
  const future = sales.length - past.length
  if (future > 0) logger.error({ future, latest: new Date(latest).toISOString() }, 'history: passed over sales that have not happened yet')
  return past
}

function read(context: HistoryContext): Promise<History> {
  const { marketplace, health, paging, historyDays } = context
  const progress = createProgress(context)
  return readHistory({
    marketplace,
    days: historyDays,
    size: paging.size,
    overlap: paging.overlap,
    transferRequests,
    archived: patientArchive(context),
    wait: createPatience(context),
    onAnswer(sales, reached) {
      health.turned(true)
      progress(sales, reached)
    },
  })
}

const firstWaitMillis = 500
const maxWaitMillis = 30_000

/**
 * A marketplace that is away or busy is waited for where the reading stands. What needs somebody is for the lane, which then begins anew.
 */
function createPatience({ clock, health, logger, stopping }: HistoryContext): (error: MarketplaceError, failures: number) => Promise<void> {
  return async (error, failures) => {
    if (!mayPass(error, failures)) throw error
    health.set('history', false, `${error.code}: ${error.message}`)
    if (failures === 1) logger.warn({ code: error.code }, `history: ${error.message}; trying again`)
    // What comes now is waiting, however long.
    health.turned(false)
    const wait = Math.max(error.retryAfterMillis ?? 0, firstWaitMillis * 2 ** Math.min(failures - 1, 10))
    await clock.sleep(Math.min(maxWaitMillis, wait), stopping).catch(() => {})
  }
}

/** A store that is away is waited for a minute: history is written once, and a collector that never begins is worse than a shorter one. */
const archiveAttempts = 7

function patientArchive({ archived, clock, health, logger, stopping }: HistoryContext): HistoryContext['archived'] {
  return async (from, before) => {
    for (let failures = 1; ; failures++) {
      try {
        // An archive of weeks takes its time, and nothing else happens meanwhile.
        health.turned(false)
        return await archived(from, before)
      } catch (error) {
        const problem = `our own archive cannot be read: ${(error as Error).message}`
        if (failures >= archiveAttempts || stopping.aborted) {
          logger.error({ problem }, 'history goes on without our own archive')
          return []
        }
        health.set('history', false, problem)
        if (failures === 1) logger.warn({ problem }, 'history: trying again')
        await clock.sleep(firstWaitMillis * 2 ** failures, stopping).catch(() => {})
      }
    }
  }
}

function createProgress({ logger, clock, historyDays }: HistoryContext): (sales: number, reached: number | null) => void {
  let saidAt = clock.monotonic()
  return (sales, reached) => {
    if (clock.monotonic() - saidAt < progressMillis) return
    saidAt = clock.monotonic()
    logger.info({ sales, reached: reached === null ? null : new Date(reached).toISOString(), historyDays }, 'reading history')
  }
}
