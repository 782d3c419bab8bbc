import { demandChances, demandSpans } from '#lib/model/heads/demand-head.ts'
import type { DemandOutcomes } from '#lib/training/outcomes.ts'

/**
 * How well demand within 24 h was told, at the price of the forecast's median: of sales taken as listings whose next 24 h were watched for 80%
 * at least. Chances are those of the hours that were watched.
 */
export type DemandErrors = Readonly<{
  n: number
  /** Share of them where another alike sold at that price or more. */
  sold: number
  /** Area under the receiver operating characteristic: the chance that a listing with demand is told more than one without. */
  auc24: number
  /** Mean log loss; and that of the past rate, (n + ½) sales at that price or more over the watched hours of two weeks. */
  logLoss24: number
  logLossPastRate24: number
  aucPastRate24: number
  /** In bands of what was told: the mean of that, and the share that came true. Most matters in the middle: the ends are easy. */
  calibration: readonly Readonly<{ told: number; sold: number; n: number }>[]
}>

const leastWatched = 0.8
const spans = demandSpans.length
const within24 = demandSpans.findIndex(({ name }) => name === 'h24')
const bands = 10

/** @param rates rows × spans, events per hour. Null where no day was watched well enough. */
export function demandErrors(rates: Float64Array, { spanHours, soldIn, pastSales, pastHours }: DemandOutcomes): DemandErrors | null {
  const chances = demandChances(rates, spanHours)
  const watched = (row: number): number =>
    spanHours.subarray(row * spans, row * spans + within24 + 1).reduce((sum, hours) => sum + hours, 0)
  const rows = Array.from(soldIn.keys()).filter((row) => watched(row) >= leastWatched * 24)
  if (rows.length === 0) return null
  const sold = rows.map((row) => (soldIn[row] as number) >= 0 && (soldIn[row] as number) <= within24)
  const chances24 = rows.map((row) => chances[row * spans + within24] as number)
  const past = rows.map((row) => -Math.expm1((-((pastSales[row] as number) + 0.5) / Math.max(1, pastHours[row] as number)) * watched(row)))
  return {
    n: rows.length,
    sold: sold.filter(Boolean).length / rows.length,
    auc24: areaUnderCurve(chances24, sold),
    logLoss24: logLoss(chances24, sold),
    logLossPastRate24: logLoss(past, sold),
    aucPastRate24: areaUnderCurve(past, sold),
    calibration: calibrationOf(chances24, sold),
  }
}

/** Nobody is believed to be surer than one in a million. */
const surest = 1e-6

function logLoss(chances: readonly number[], happened: readonly boolean[]): number {
  const losses = chances.map((chance, index) => {
    const bounded = Math.min(1 - surest, Math.max(surest, chance))
    return -Math.log(happened[index] ? bounded : 1 - bounded)
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

/** By ranks (Mann and Whitney 1947); ties count half. */
function areaUnderCurve(chances: readonly number[], happened: readonly boolean[]): number {
  const order = Array.from(chances.keys()).sort((a, b) => (chances[a] as number) - (chances[b] as number))
  let [yes, no, pairs] = [0, 0, 0]
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && chances[order[to] as number] === chances[order[from] as number]) to++
    const tied = order.slice(from, to)
    const hits = tied.filter((index) => happened[index]).length
    pairs += hits * (no + (tied.length - hits) / 2)
    yes += hits
    no += tied.length - hits
  }
  return pairs / (yes * no)
}

function calibrationOf(chances: readonly number[], happened: readonly boolean[]): DemandErrors['calibration'] {
  const byBand = Map.groupBy(chances.keys(), (index) => Math.min(bands - 1, Math.floor((chances[index] as number) * bands)))
  return [...byBand]
    .sort(([a], [b]) => a - b)
    .map(([, indexes]) => ({
      told: indexes.reduce((sum, index) => sum + (chances[index] as number), 0) / indexes.length,
      sold: indexes.filter((index) => happened[index]).length / indexes.length,
      n: indexes.length,
    }))
}
