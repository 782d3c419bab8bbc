import type { SettledEntry } from '#lib/marketplace/answers.ts'
import { type Marketplace, maxPageSize } from '#lib/marketplace/client.ts'
import { readNewestFirst, type SeenReject } from '#lib/marketplace/newest-first.ts'
import type { Sale } from '#schemas/types.ts'
import { compareSales } from './processor.ts'

export type History = Readonly<{
  /** In order of time, each once. */
  sales: readonly Sale[]
  rejects: readonly SeenReject[]
  /** False when there is more history than was read. */
  complete: boolean
}>

const dayMillis = 86_400_000
const overlap = 10
/** A market with more sales than this in its history is cut there: everything is held in memory once. */
export const mostHistorySales = 400_000

/** The settled sales of the last days. `onProgress`: after each page, how many so far and how far back in time, in milliseconds. */
export async function readHistory(
  marketplace: Pick<Marketplace, 'settledSales'>,
  days: number,
  onProgress: (sales: number, back: number) => void,
): Promise<History> {
  const sales = new Map<string, Sale>()
  let from = Number.NEGATIVE_INFINITY
  const reading = await readNewestFirst<SettledEntry>({
    async fetch(asked) {
      const page = await marketplace.settledSales(asked)
      from = Math.max(from, page.marketTime - days * dayMillis)
      for (const sale of page.items.flatMap((entry) => entry.sales)) sales.set(sale.saleId, sale)
      onProgress(sales.size, Math.min(...page.items.map(({ newest }) => newest.soldAt)))
      return page
    },
    keyOf: ({ newest }) => newest.saleId,
    isKnown: () => false,
    isPast: ({ newest }, marketTime) => newest.soldAt < marketTime - days * dayMillis,
    firstSize: maxPageSize,
    size: maxPageSize,
    overlap,
    maxPages: Math.ceil(mostHistorySales / (maxPageSize - overlap)),
  })
  const history = [...sales.values()].filter(({ soldAt }) => soldAt >= from).sort(compareSales)
  return { sales: history, rejects: reading.rejects, complete: reading.complete }
}
