import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Sale } from '#schemas/types.ts'
import type { SettledEntry } from './answers.ts'
import type { Marketplace } from './client.ts'
import { MarketplaceError } from './errors.ts'
import { readNewestFirst, type SeenReject } from './newest-first.ts'

/**
 * The sales of the last days, as far as anybody still tells them. The marketplace's list of settled auctions ends out of reach after
 * 10,000 axies, and takes no criteria to cut it by: what is older comes from an archive of our own, and from the transfers of those axies
 * met so far that changed hands more often than the list tells, one request each.
 */

export type HistoryOptions = Readonly<{
  marketplace: Pick<Marketplace, 'settledSales' | 'salesOf'>
  days: number
  size: number
  overlap: number
  /** Sales of our own archive from that time on, before the other. */
  archived?: (from: number, before: number) => Promise<readonly Sale[]>
  /** How many axies may be asked for what they sold for before. */
  transferRequests: number
  /**
   * The marketplace is away, busy, or the budget is out: resolves when to ask for the same page again, rejects where that is no use. What was
   * read so far is kept: a budget that is smaller than a history would never see its end otherwise.
   */
  wait(error: MarketplaceError, failures: number): Promise<void>
  /** Told of each answer: sales met so far, how far back they reach, and what time it is on the market. */
  onAnswer(sales: number, reached: number | null, marketTime: number): void
}>

export type History = Readonly<{
  /** In order of time, each once. */
  sales: readonly Sale[]
  rejects: readonly SeenReject[]
  /** All that was sold in the days asked for. */
  complete: boolean
  /** How far back the sales reach without a gap; 0 to `daysAsked`. */
  daysCovered: number
  daysAsked: number
  /** Where the sales came from; a sale counts where it was met first. */
  from: Readonly<{ settled: number; archive: number; transfers: number }>
  requests: number
}>

/** A market with more sales than this in its history is cut there: all are held in memory once, to be sorted. */
const maxSales = 400_000

/** Rejects as the marketplace does; an archive that cannot be read rejects with its own error. */
export async function readHistory(options: HistoryOptions): Promise<History> {
  const { marketplace, days, onAnswer, wait } = options
  const met = new Map<string, Sale>()
  const cut: SettledEntry[] = []
  let [requests, marketTime, reached] = [0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const take = (sales: readonly Sale[]): number => {
    const before = met.size
    for (const sale of sales) met.set(sale.saleId, met.get(sale.saleId) ?? sale)
    return met.size - before
  }
  const reading = await readNewestFirst<SettledEntry>({
    async fetch(asked) {
      const page = await patiently(() => {
        requests++
        return marketplace.settledSales(asked)
      }, wait)
      marketTime = Math.max(marketTime, page.marketTime)
      take(page.items.flatMap((entry) => entry.sales))
      cut.push(...page.items.filter(({ isCut }) => isCut))
      for (const { newest } of page.items) reached = Math.min(reached, newest.soldAt)
      onAnswer(met.size, page.items.at(-1)?.newest.soldAt ?? null, page.marketTime)
      return page
    },
    keyOf: ({ newest }) => newest.saleId,
    isKnown: () => false,
    isPast: ({ newest }, now) => newest.soldAt < now - days * dayMillis,
    firstSize: options.size,
    size: options.size,
    overlap: options.overlap,
    maxPages: maxSales / 10,
  })
  const from = marketTime - days * dayMillis
  const counts = { settled: met.size, archive: 0, transfers: 0 }
  if (!reading.complete && options.archived !== undefined) {
    const older = await options.archived(from, reached)
    counts.archive = take(older)
    reached = withoutGapTo(reached, older)
  }
  if (!reading.complete && reached > from + maxLullMillis) {
    for (const tokenId of axiesIn(cut, from, options.transferRequests)) {
      requests++
      const sales = await salesOrEndOfBudget(marketplace, tokenId)
      if (sales === null) break
      counts.transfers += take(sales.filter(({ soldAt }) => soldAt >= from))
      onAnswer(met.size, reached, marketTime)
    }
  }
  const complete = reading.complete || reached <= from + maxLullMillis
  return {
    sales: [...met.values()].filter(({ soldAt }) => soldAt >= from).sort(compareSales),
    rejects: reading.rejects,
    complete,
    daysCovered: complete ? days : Math.max(0, (marketTime - reached) / dayMillis),
    daysAsked: days,
    from: counts,
    requests,
  }
}

/** Asks until there is an answer, for as long as `wait` lets it. */
async function patiently<Answer>(ask: () => Promise<Answer>, wait: HistoryOptions['wait']): Promise<Answer> {
  for (let failures = 1; ; failures++) {
    try {
      return await ask()
    } catch (error) {
      if (!(error instanceof MarketplaceError)) throw error
      await wait(error, failures)
    }
  }
}

/** An answer of another shape may be one that went wrong on its way: that it stays so is believed after this many of them. */
const oddAnswersBelieved = 4

/** Whether asking again may help, after this many failures in a row. */
export const mayPass = ({ transient, code }: MarketplaceError, failures: number): boolean =>
  transient || (code === 'unexpected_shape' && failures < oddAnswersBelieved)

/** Null where there is nothing left to ask with: what comes by transfers is worth no waiting. An axie that cannot be read tells nothing. */
async function salesOrEndOfBudget({ salesOf }: HistoryOptions['marketplace'], tokenId: string): Promise<readonly Sale[] | null> {
  try {
    return (await salesOf(tokenId)).value
  } catch (error) {
    if (error instanceof RejectedError) return []
    if (!(error instanceof MarketplaceError) || !error.transient) throw error
    return error.code === 'rate_limited' ? null : []
  }
}

/** A market without a sale for this long was not watched: an archive has holes where its collector was away. */
const maxLullMillis = 2 * hourMillis

/** How far back sales reach from a moment on, down to the first gap. */
function withoutGapTo(moment: number, sales: readonly Sale[]): number {
  let reached = moment
  for (const soldAt of sales.map((sale) => sale.soldAt).sort((a, b) => b - a)) {
    if (soldAt < reached - maxLullMillis) return reached
    reached = Math.min(reached, soldAt)
  }
  return reached
}

/** The first axies up to a number, each once, that may have been sold since then more often than the list told. */
function axiesIn(cut: readonly SettledEntry[], since: number, most: number): ReadonlySet<string> {
  const asking = cut.filter(({ sales }) => sales.every(({ soldAt }) => soldAt >= since))
  return new Set([...new Set(asking.map(({ newest }) => newest.item.tokenId))].slice(0, most))
}

/** In order of time; at the same moment by id, so that history has the same order however often it is read. */
export const compareSales = (a: Sale, b: Sale): number => a.soldAt - b.soldAt || (a.saleId < b.saleId ? -1 : a.saleId > b.saleId ? 1 : 0)

/** In words, for whoever has to decide whether that is enough. */
export function describeHistory({ sales, daysAsked, daysCovered, complete, from, requests }: History): string {
  const parts = [`${from.settled} from the list of settled auctions`]
  if (from.archive > 0) parts.push(`${from.archive} from our own archive`)
  if (from.transfers > 0) parts.push(`${from.transfers} older ones of axies met, with gaps`)
  const days = complete
    ? `all of ${daysAsked} days`
    : `${daysCovered.toFixed(1)} of the ${daysAsked} days asked for: the list goes on out of reach`
  return `${sales.length} sales cover ${days} (${parts.join(', ')}; ${requests} requests)`
}
