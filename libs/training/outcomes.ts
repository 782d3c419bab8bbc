import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import { demandSpans } from '#lib/model/heads/demand-head.ts'
import type { Dataset } from './dataset.ts'

/** Sales in the order of time, with what it takes to find what came after each. */
export type SalesInTime = Pick<Dataset, 'times' | 'tokenIds' | 'alikeKeys' | 'breedCounts'> & Readonly<{ logPrices: Float64Array }>

export const salesOf = ({ times, tokenIds, alikeKeys, breedCounts, examples }: Dataset, until = times.length): SalesInTime => ({
  times: times.subarray(0, until),
  tokenIds: tokenIds.slice(0, until),
  alikeKeys: alikeKeys.subarray(0, until),
  breedCounts: breedCounts.subarray(0, until),
  logPrices: examples.logPrices.subarray(0, until),
})

export const exitMillis = dayMillis

export type Exits = Readonly<{
  /** Log dollars; NaN where neither the axie nor one alike was seen to sell within a day. */
  logPrices: Float64Array
  /** 1 where it was the axie itself. */
  isOwn: Uint8Array
}>

/**
 * What each sale, taken as a purchase, brought when it was sold on: the axie's own next sale within 24 h, at equal breed count; else the
 * *one* next sale of another axie alike in that time. One, and not the median of several, which strays less than a sale does.
 */
export function exitsOf(sales: SalesInTime): Exits {
  const { times, tokenIds, breedCounts, logPrices } = sales
  const [own, alike] = [indexBy(tokenIds), indexBy(sales.alikeKeys)]
  const exits = { logPrices: new Float64Array(times.length).fill(Number.NaN), isOwn: new Uint8Array(times.length) }
  for (let row = 0; row < times.length; row++) {
    const latest = (times[row] as number) + exitMillis
    const later = (rows: readonly number[], fits: (other: number) => boolean): number | undefined =>
      firstAfter(sales, rows, row, latest, fits)
    const resale = later(own.rowsAlike(row), (other) => breedCounts[other] === breedCounts[row])
    const exit = resale ?? later(alike.rowsAlike(row), (other) => tokenIds[other] !== tokenIds[row])
    if (exit === undefined) continue
    exits.logPrices[row] = logPrices[exit] as number
    exits.isOwn[row] = resale === undefined ? 0 : 1
  }
  return exits
}

/** Rows of equal key, in the order of time, for each row. */
function indexBy<Key>(keys: ArrayLike<Key>): Readonly<{ rowsAlike(row: number): readonly number[] }> {
  const rowsOf = new Map<Key, number[]>()
  for (let row = 0; row < keys.length; row++) {
    const rows = rowsOf.get(keys[row] as Key)
    if (rows === undefined) rowsOf.set(keys[row] as Key, [row])
    else rows.push(row)
  }
  return { rowsAlike: (row) => rowsOf.get(keys[row] as Key) ?? [] }
}

/** The first of `rows` that fits, strictly after `row` was sold and no later than `latest`. */
function firstAfter(
  { times }: SalesInTime,
  rows: readonly number[],
  row: number,
  latest: number,
  fits: (other: number) => boolean,
): number | undefined {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[rows[middle] as number] as number) <= (times[row] as number)) low = middle + 1
    else high = middle
  }
  for (let place = low; place < rows.length; place++) {
    const other = rows[place] as number
    if ((times[other] as number) > latest) return undefined
    if (fits(other)) return other
  }
  return undefined
}

/** How much of a span of time somebody watched, in hours: an hour of the clock counts where it holds a sale; of times by the day, a day. */
export type Watched = (from: number, until: number) => number

export function createWatched(times: Float64Array): Watched {
  const unit = times.every((time) => time % dayMillis === 0) ? dayMillis : hourMillis
  const watched = new Set<number>()
  for (const time of times) watched.add(Math.floor(time / unit))
  return (from, until) => {
    let millis = 0
    for (let place = Math.floor(from / unit); place * unit < until; place++)
      if (watched.has(place)) millis += Math.min(until, (place + 1) * unit) - Math.max(from, place * unit)
    return millis / hourMillis
  }
}

export type DemandOutcomes = Readonly<{
  /** rows × spans: hours that each span was watched, up to the first sale. */
  watchedHours: Float64Array
  /** The same, whether something was sold or not. */
  spanHours: Float64Array
  /** The span of the first sale; -1 where none was seen. */
  soldIn: Int8Array
  /** Sales of others alike at the price or more within the two weeks before, and the hours of them that were watched. */
  pastSales: Float64Array
  pastHours: Float64Array
}>

const pastMillis = 14 * dayMillis

/**
 * When the first other axie alike sold for a price or more.
 * @param rows which sales are taken as listings @param logAsked of each row the price asked about, log dollars
 */
export function demandOutcomes(sales: SalesInTime, rows: readonly number[], logAsked: ArrayLike<number>): DemandOutcomes {
  const { times, tokenIds, logPrices } = sales
  const alike = indexBy(sales.alikeKeys)
  const watched = createWatched(times)
  const end = times.at(-1) ?? 0
  const spans = demandSpans.length
  const watchedHours = new Float64Array(rows.length * spans)
  const spanHours = new Float64Array(rows.length * spans)
  const soldIn = new Int8Array(rows.length).fill(-1)
  const [pastSales, pastHours] = [new Float64Array(rows.length), new Float64Array(rows.length)]
  const first = times[0] ?? 0
  rows.forEach((row, index) => {
    const time = times[row] as number
    const asked = logAsked[index] as number
    const sells = (other: number): boolean => tokenIds[other] !== tokenIds[row] && (logPrices[other] as number) >= asked
    const longest = (demandSpans.at(-1)?.until ?? 0) * hourMillis
    const likes = alike.rowsAlike(row)
    const sale = firstAfter(sales, likes, row, time + longest, sells)
    const soldAt = sale === undefined ? Number.POSITIVE_INFINITY : (times[sale] as number)
    demandSpans.forEach(({ from, until }, span) => {
      const [begins, ends] = [time + from * hourMillis, Math.min(end, time + until * hourMillis)]
      spanHours[index * spans + span] = watched(begins, ends)
      watchedHours[index * spans + span] = watched(begins, Math.min(ends, soldAt))
      if (soldAt > begins && soldAt <= ends) soldIn[index] = span
    })
    pastHours[index] = watched(Math.max(first, time - pastMillis), time)
    pastSales[index] = likes.filter((other) => {
      const before = times[other] as number
      return before < time && before > time - pastMillis && sells(other)
    }).length
  })
  return { watchedHours, spanHours, soldIn, pastSales, pastHours }
}
