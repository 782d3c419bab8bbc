import { dayMillis } from '#lib/clock/durations.ts'
import { createRandom, shuffle } from '#lib/numbers/random.ts'
import type { SaleRow } from './sale-row.ts'

/**
 * Which sales a model does not learn from, each only where asked for. All but those without a class stay history: the live market, too,
 * shows them to the features, and training must see the features as they will be.
 */
export type CleansingOptions = Readonly<{
  /** Leaves out the second and later sales of the same axie at the same price. */
  duplicates: boolean
  /** Takes out sales without a class, which would otherwise be an error. */
  emptyClass: boolean
  /** Leaves out sales below and above, dollars. */
  minPriceUsd: number | null
  maxPriceUsd: number | null
  /** Leaves out axies that went back and forth between the same owners; see `washTrades`. Sales without owners stay. */
  washTrades: boolean
  /** Keeps at most this many, drawn so that each class has as equal a part as its number of sales allows. */
  mostExamples: number | null
  /** Seed of that draw. */
  seed: number
}>

export const noCleansing: CleansingOptions = {
  duplicates: false,
  emptyClass: false,
  minPriceUsd: null,
  maxPriceUsd: null,
  washTrades: false,
  mostExamples: null,
  seed: 1,
}

export type LeftOutReason = 'empty class' | 'duplicate' | 'price below the least' | 'price above the most' | 'wash trade' | 'not drawn'

/** Places of the rows that are left out, with the first reason in the order of LeftOutReason. */
export type LeftOut = ReadonlyMap<number, LeftOutReason>

/** A round trip within this long is no sale between strangers. */
const roundTripMillis = 7 * dayMillis

export function cleanse(rows: readonly SaleRow[], options: CleansingOptions): LeftOut {
  const { emptyClass, duplicates, washTrades, minPriceUsd, maxPriceUsd, mostExamples, seed } = options
  const leftOut = new Map<number, LeftOutReason>()
  const leaveOut = (reason: LeftOutReason, places: Iterable<number>): void => {
    for (const place of places) if (!leftOut.has(place)) leftOut.set(place, reason)
  }
  const priced = (isOut: (usd: number) => boolean): number[] =>
    placesWhere(rows, ({ priceUsd }) => typeof priceUsd === 'number' && isOut(priceUsd))
  if (emptyClass)
    leaveOut(
      'empty class',
      placesWhere(rows, (row) => row.class === null),
    )
  if (duplicates) leaveOut('duplicate', repeatedSales(rows))
  if (minPriceUsd !== null)
    leaveOut(
      'price below the least',
      priced((usd) => usd < minPriceUsd),
    )
  if (maxPriceUsd !== null)
    leaveOut(
      'price above the most',
      priced((usd) => usd > maxPriceUsd),
    )
  if (washTrades) leaveOut('wash trade', tradesInCircles(rows))
  if (mostExamples !== null) leaveOut('not drawn', notDrawn(rows, leftOut, mostExamples, seed))
  return leftOut
}

export function countsOf(leftOut: LeftOut): Partial<Record<LeftOutReason, number>> {
  const counts: Partial<Record<LeftOutReason, number>> = {}
  for (const reason of leftOut.values()) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

const placesWhere = (rows: readonly SaleRow[], holds: (row: SaleRow) => boolean): number[] =>
  rows.flatMap((row, place) => (holds(row) ? [place] : []))

function repeatedSales(rows: readonly SaleRow[]): number[] {
  const seen = new Set<string>()
  return placesWhere(rows, ({ id, priceUsd }) => {
    const key = `${id} ${priceUsd}`
    if (seen.has(key)) return true
    seen.add(key)
    return false
  })
}

/**
 * Sales of an axie that came back to one who had sold it within a week, all along the way back; and any second sale of it between the
 * same two owners. Such prices are made up by those who trade with themselves.
 */
function tradesInCircles(rows: readonly SaleRow[]): Set<number> {
  const circles = new Set<number>()
  const salesOf = new Map<unknown, { place: number; row: SaleRow }[]>()
  rows.forEach((row, place) => {
    if (row.seller === null || row.buyer === null || typeof row.time !== 'number') return
    const earlier = salesOf.get(row.id) ?? []
    earlier.push({ place, row })
    salesOf.set(row.id, earlier)
    const begun = earlier.findIndex(
      ({ row: { time, seller, buyer } }) =>
        (row.time as number) - (time as number) <= roundTripMillis &&
        (seller === row.buyer || (seller === row.seller && buyer === row.buyer)),
    )
    // Alone it finds itself where seller and buyer are the same, and as the same pair: that second one is no circle.
    if (begun < 0 || (begun === earlier.length - 1 && row.seller !== row.buyer)) return
    for (const sale of earlier.slice(begun)) circles.add(sale.place)
  })
  return circles
}

/** The part of each class that is as equal as its number of sales allows: rare classes are kept whole, the common ones cut to one size. */
function notDrawn(rows: readonly SaleRow[], leftOut: LeftOut, most: number, seed: number): number[] {
  const byClass = new Map<string | null, number[]>()
  rows.forEach((row, place) => {
    if (leftOut.has(place)) return
    const places = byClass.get(row.class) ?? []
    places.push(place)
    byClass.set(row.class, places)
  })
  const random = createRandom(seed)
  let [room, classes] = [most, byClass.size]
  return [...byClass.values()]
    .sort((a, b) => a.length - b.length)
    .flatMap((places) => {
      const kept = Math.min(places.length, Math.floor(room / classes))
      ;[room, classes] = [room - kept, classes - 1]
      const drawn = Int32Array.from(places)
      shuffle(drawn, random)
      return [...drawn.subarray(kept)]
    })
}
