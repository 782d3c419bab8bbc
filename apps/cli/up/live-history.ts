import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isEgg } from '#lib/axie/anatomy.ts'
import { type PartType, partTypeOf, partTypes } from '#lib/axie/parts.ts'
import { profileOf } from '#lib/axie/profile.ts'
import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { saleColumns, titleColumn } from '#lib/market/sale-csv.ts'
import { createMarketplace, maxPageSize } from '#lib/marketplace/client.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import { describeHistory, mayPass, readHistory } from '#lib/marketplace/history.ts'
import { budgetOf } from '#lib/marketplace/key-settings.ts'
import type { Spent } from '#lib/marketplace/spent.ts'
import { type Progress, progressBar } from '#lib/running/progress.ts'
import { quotedCell } from '#lib/words/csv.ts'
import type { Sale } from '#schemas/types.ts'
import type { LivePlan } from './market-plan.ts'

const maxWaitMillis = 60_000
const attemptsPerRequest = 6
const maxBodyBytes = 4 * 1024 * 1024
/** `transferRequests`: of axies met, where the list of settled auctions goes on out of reach. */
const paging = { size: maxPageSize, overlap: 10, transferRequests: 300 }

export type FetchedHistory = Readonly<{ sales: number; leftOut: number }>

type HistoryContext = Readonly<{
  clock: Clock
  progress: Progress
  signal: AbortSignal
  /** Sales that this market's own archive holds: the marketplace's list does not go back far. */
  archived(from: number, before: number): Promise<readonly Sale[]>
  /** What all who use the key know of it. */
  spent: Spent
}>

/**
 * The market's own sales of the last days as a file to train on, with a bar while it is read. A marketplace that is busy or away is
 * waited for, visibly, until `signal`; null then. FatalError where waiting does not help: a key that is refused, an answer not understood.
 */
export async function fetchHistory(plan: LivePlan, file: string, context: HistoryContext): Promise<FetchedHistory | null> {
  const { signal } = context
  try {
    const sales = await readSales(plan, context)
    return signal.aborted ? null : await writeSales(sales, file)
  } catch (error) {
    if (signal.aborted) return null
    throw error instanceof MarketplaceError ? new FatalError(`history cannot be read: ${error.message}`) : error
  }
}

/** Waits, visibly, where waiting helps. Until a spent day is over nothing is asked; meanwhile it may be given back. */
function createPatience({ clock, progress, signal }: HistoryContext): (error: MarketplaceError, failures: number) => Promise<void> {
  let said = ''
  return async (error, failures) => {
    if (signal.aborted || !mayPass(error, failures)) throw error
    if (error.message !== said) progress.say(`history: ${error.message}; trying again`)
    said = error.message
    const wait = Math.min(maxWaitMillis, Math.max(error.retryAfterMillis ?? 0, 1_000 * 2 ** Math.min(failures - 1, 10)))
    await clock.sleep(wait, signal).catch(() => {})
  }
}

async function readSales({ collector: settings }: LivePlan, context: HistoryContext): Promise<readonly Sale[]> {
  const { clock, progress, signal, archived, spent } = context
  const marketplace = createMarketplace({
    url: settings.MARKETPLACE_URL,
    leaderboardUrl: null,
    apiKey: settings.AXIE_API_KEY,
    requestsPerSecond: settings.REQUESTS_PER_SECOND,
    budget: budgetOf('history', clock, settings, spent),
    concurrentRequests: settings.CONCURRENT_REQUESTS,
    timeoutMillis: settings.REQUEST_TIMEOUT_MILLISECONDS,
    marketTimeHeader: settings.MARKET_TIME_HEADER,
    attempts: attemptsPerRequest,
    maxBodyBytes,
    clock,
  })
  const close = () => void marketplace.close()
  signal.addEventListener('abort', close)
  const startedAt = clock.monotonic()
  const show = (sales: number, reached: number | null, marketTime: number) => {
    const days = reached === null ? 0 : (marketTime - reached) / dayMillis
    progress.status(
      progressBar({
        name: 'history',
        done: days,
        total: settings.HISTORY_DAYS,
        unit: 'days',
        extra: `${sales} sales`,
        millis: clock.monotonic() - startedAt,
      }),
    )
  }
  try {
    const wait = createPatience(context)
    const history = await readHistory({ marketplace, ...paging, days: settings.HISTORY_DAYS, archived, wait, onAnswer: show })
    progress.say(`history: ${describeHistory(history)}`)
    return history.sales
  } finally {
    signal.removeEventListener('abort', close)
    await marketplace.close()
  }
}

/** Whole, or not at all. Sales that no model could learn from (eggs, parts we do not know, no dollars) are left out and counted. */
export async function writeSales(sales: readonly Sale[], file: string): Promise<FetchedHistory> {
  await mkdir(dirname(file), { recursive: true })
  const rows = sales.map(rowOf).filter((row) => row !== null)
  const lines = [[...saleColumns, titleColumn].join(), ...rows].map((line) => `${line}\n`)
  await pipeline(Readable.from(lines), createWriteStream(`${file}.new`))
  await rename(`${file}.new`, file)
  return { sales: rows.length, leftOut: sales.length - rows.length }
}

/** Levels are left out: read later, an axie is described as it is now, and nobody knows what it had when it was sold. */
function rowOf({ item, soldAt, priceUsd }: Sale): string | null {
  if (isEgg(item) || priceUsd === null) return null
  try {
    const { tokenId, class: axieClass, breedCount, purity, parts, attributes } = profileOf(item)
    const cells = [
      Math.floor(soldAt / 1_000),
      tokenId,
      axieClass,
      breedCount,
      purity,
      ...partTypes.map((type) => partCell(type, parts[type])),
    ]
    return [...cells, priceUsd, attributes?.title ?? ''].map((cell) => quotedCell(String(cell))).join()
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}

/** In a file the id alone says where a part sits; the market may have told it otherwise. */
const partCell = (type: PartType, id: string): string => (partTypeOf(id) === type ? id : `${type}-${id}`)
