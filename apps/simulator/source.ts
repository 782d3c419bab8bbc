import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { type MarketTurn, turned } from '#lib/synthetic/market-turn.ts'
import { readSoldAxies } from '#lib/synthetic/recorded-sales.ts'
import { syntheticSales } from '#lib/synthetic/synthetic-sales.ts'
import type { Happening } from './happenings.ts'
import { marketFromSales } from './market-from-sales.ts'

export type SourceOptions = Readonly<{
  /** A file of sales, or null for a generated market. */
  salesFile: string | null
  /** Where the market stands at first, in milliseconds; null: after the first 40% of the file, or now where there is no file. */
  start: number | null
  seed: number
  unsoldShare: number
  bargainShare: number
  /** The pace of a generated market. */
  salesPerHour: number
  /** The share of a generated market's axies that are titled, levelled or evolved. */
  specialShare: number
  historyDays: number
  /** When a generated market turns, counted from its start, and what it is from then on; null: never. */
  turn: (Omit<MarketTurn, 'at'> & Readonly<{ afterHours: number }>) | null
  clock: Clock
}>

/** What happens, from the beginning of its history on, and where the market stands at first. */
export type MarketSource = Readonly<{ name: 'recorded' | 'synthetic'; start: number; happenings: Iterable<Happening> }>

const trainedShare = 0.4

/** Throws RejectedError when the file is not one of sales. */
export async function openSource(options: SourceOptions): Promise<MarketSource> {
  return options.salesFile === null ? synthetic(options) : recorded(options.salesFile, options)
}

async function recorded(file: string, options: SourceOptions): Promise<MarketSource> {
  const sales = await readSoldAxies(file)
  const taken = new Set(sales.map(({ tokenId }) => Number(tokenId)))
  return {
    name: 'recorded',
    start: options.start ?? sales[Math.floor(sales.length * trainedShare)]!.soldAt,
    happenings: marketFromSales(sales, { ...options, isTaken: (tokenId) => taken.has(tokenId) }),
  }
}

function synthetic(options: SourceOptions): MarketSource {
  const start = options.start ?? options.clock.now()
  const plain = syntheticSales({ ...options, start: start - options.historyDays * dayMillis })
  const sales = options.turn === null ? plain : turned(plain, { ...options.turn, at: start + options.turn.afterHours * hourMillis })
  return { name: 'synthetic', start, happenings: marketFromSales(sales, { ...options, isTaken: isSyntheticTokenId }) }
}

/** Axies of synthetic sales have even ids, so that asks that are made up around them can have odd ones. */
const isSyntheticTokenId = (tokenId: number): boolean => tokenId % 2 === 0
