import { dayMillis } from '#lib/clock/durations.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import { wantedByDefault } from '#lib/training/heads.ts'
import { exitMillis } from '#lib/training/outcomes.ts'
import type { Forecasted } from './forecast-errors.ts'

/**
 * A buyer meets the winner's curse: what looks cheapest is what was forecast too high. So each sale is taken as an ask at its price, those
 * that the default rule would have alerted are picked (guards and second check apart), and what was said of them is held against what they
 * brought. The exit is the axie's own next sale within 24 h, else the next one of another alike; only of sales after which 24 h are known,
 * for of the others only those are seen that sold fast.
 */
export type AlertedErrors = Readonly<{
  /** Sales that the rule would have alerted; those of them whose exit was seen; of these the axie's own sales. */
  alerts: number
  n: number
  own: number
  /** Shares of the exits at or above the lower quartile of the forecast, and of the exit: three of four should be. Null without exits. */
  atLeastQ25: number | null
  atLeastExitQ25: number | null
  /** By whole days, 95%; null on fewer than four days. */
  atLeastExitQ25Interval: Interval | null
  /** Share of the exits that bring more than the ask after the fee; of all, and of the axies' own sales. */
  gainedOfPicks: number | null
  gainedOfOwn: number | null
  /** The same of everything asked for less than 0.9 × the forecast's median, alerted or not. */
  bargains: Readonly<{ n: number; atLeastQ25: number | null; atLeastExitQ25: number | null; atLeastExitQ25Interval: Interval | null }>
  /** Own sales at any later time, in the data: how many, and the share inside the forecast's 0.05-0.95 interval. */
  resold: number
  coverage90: number | null
}>

export type AskedSales = Forecasted &
  Readonly<{
    /** sales × 5, dollars: what the head says; of a model without one the forecast. */
    exitUsd: Float64Array
    /** Log dollars, NaN where none was seen: the exit, and the axie's own next sale at any time. */
    exitLogPrices: Float64Array
    exitIsOwn: Uint8Array
    resaleLogPrices: Float64Array
    /** When what is known ends, milliseconds. */
    knownUntil: number
  }>

const fewestDays = 4
const bargainRatio = 0.9

export function alertedErrors(sales: AskedSales): AlertedErrors {
  const { quantilesUsd, exitUsd, logPrices, times, exitLogPrices, resaleLogPrices } = sales
  const askOf = (row: number): number => Math.exp(logPrices[row] as number)
  const exitOf = (row: number): number => Math.exp(exitLogPrices[row] as number)
  const forecast = (row: number, level: number): number => quantilesUsd[row * quantileCount + level] as number
  const isAtLeast = (row: number, quantiles: Float64Array): boolean => exitOf(row) >= (quantiles[row * quantileCount + 1] as number)
  const gained = (row: number): boolean => exitOf(row) * (1 - marketFeeRatio) > askOf(row)
  const isJudged = (row: number): boolean =>
    !Number.isNaN(exitLogPrices[row] as number) && (times[row] as number) + exitMillis <= sales.knownUntil

  const all = Array.from(logPrices.keys())
  const alerted = all.filter((row) => wantedByDefault(exitUsd[row * quantileCount + 1] as number, askOf(row)))
  const judged = alerted.filter(isJudged)
  const own = judged.filter((row) => sales.exitIsOwn[row] === 1)
  const bargains = all.filter((row) => isJudged(row) && askOf(row) < bargainRatio * forecast(row, medianIndex))
  const resold = alerted.filter((row) => !Number.isNaN(resaleLogPrices[row] as number))
  const sureness = (rows: readonly number[]) => ({
    n: rows.length,
    atLeastQ25: shareOf(rows, (row) => isAtLeast(row, quantilesUsd)),
    atLeastExitQ25: shareOf(rows, (row) => isAtLeast(row, exitUsd)),
    atLeastExitQ25Interval: meanInterval(
      sharesByDay(rows, times, (row) => isAtLeast(row, exitUsd)),
      fewestDays,
    ),
  })
  return {
    alerts: alerted.length,
    own: own.length,
    ...sureness(judged),
    gainedOfPicks: shareOf(judged, gained),
    gainedOfOwn: shareOf(own, gained),
    bargains: sureness(bargains),
    resold: resold.length,
    coverage90: shareOf(resold, (row) => {
      const usd = Math.exp(resaleLogPrices[row] as number)
      return usd >= forecast(row, 0) && usd <= forecast(row, quantileCount - 1)
    }),
  }
}

const shareOf = (rows: readonly number[], holds: (row: number) => boolean): number | null =>
  rows.length === 0 ? null : rows.filter(holds).length / rows.length

function sharesByDay(rows: readonly number[], times: Float64Array, holds: (row: number) => boolean): number[] {
  const byDay = Map.groupBy(rows, (row) => Math.floor((times[row] as number) / dayMillis))
  return [...byDay.values()].map((ofDay) => ofDay.filter(holds).length / ofDay.length)
}
