/** How good the forecasts were that decided: on every listing that sold, and among those that were alerted. */

import { type QuantileErrors, quantileErrors } from '#lib/model/evaluation.ts'
import { quantileLevels } from '#lib/model/quantile-head.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import type { Candidate } from './money/candidate.ts'
import { leastDays } from './money/contest.ts'
import { dayOf } from './money/strategies.ts'

export type QualityRow = Readonly<{ name: string } & Pick<QuantileErrors, 'rows' | 'medianApe' | 'biasLog' | 'coverage50' | 'coverage90'>>

export type ForecastQuality = Readonly<{
  all: QualityRow
  byDay: readonly QualityRow[]
  byClass: readonly QualityRow[]
  byPrice: readonly QualityRow[]
  /** Share of prices at or below each quantile; right where it equals the level. */
  calibration: readonly Readonly<{ level: number; share: number }>[]
  /**
   * What a buyer meets: the share of alerted axies whose first sale within the horizon (their own, else of one alike) was at the quantile or
   * more. Right where it equals 1 - level; less is the winner's curse. `n`: alerts with such a sale, of `alerts`.
   */
  alerted: Readonly<{
    alerts: number
    n: number
    levels: readonly ReachedLevel[]
    /** The exit's quantiles, which were made to be right among those that are bought. */
    exitLevels: readonly ReachedLevel[]
  }>
  /** The same of every listing that asks less than 0.9 of the forecast's median, alerted or not: what the exit's quantiles were fitted for. */
  bargains: Readonly<{ listings: number; n: number; exitLevels: readonly ReachedLevel[] }>
}>

const bargainRatio = 0.9

export const isBargain = ({ askUsd, quantilesUsd }: Candidate): boolean => askUsd < bargainRatio * (quantilesUsd[2] as number)

export type ReachedLevel = Readonly<{ level: number; share: number; interval: Interval | null }>

/** A listing and the price of the first sale that says what it was worth; null where none was seen in time. */
export type ListingExit = Readonly<{ candidate: Candidate; exitUsd: number | null }>

/** Dollars; of what it forecasts, the price a listing sold for. */
const bands = [0, 10, 20, 40, 80, 160, Number.POSITIVE_INFINITY]

const dayName = ({ listedAt }: Candidate): string => new Date(listedAt + 1).toISOString().slice(0, 10)

/** @param sold listings that sold at their ask: the ask is the price */
export function forecastQuality(
  sold: readonly Candidate[],
  alerted: readonly ListingExit[],
  bargains: readonly ListingExit[],
): ForecastQuality {
  const seen = seenOf(alerted)
  const bargainsSeen = seenOf(bargains)
  return {
    all: qualityOf('all', sold),
    byDay: rowsBy(sold, dayName),
    byClass: rowsBy(sold, (one) => one.class).sort((one, other) => other.rows - one.rows),
    byPrice: bands.slice(0, -1).flatMap((from, index) => {
      const to = bands[index + 1] as number
      const within = sold.filter(({ askUsd }) => askUsd >= from && askUsd < to)
      return within.length === 0 ? [] : [qualityOf(to === Number.POSITIVE_INFINITY ? `$${from} and up` : `$${from} to $${to}`, within)]
    }),
    calibration: quantileLevels.map((level, place) => ({
      level,
      share: share(sold, ({ askUsd, quantilesUsd }) => askUsd <= (quantilesUsd[place] as number)),
    })),
    alerted: {
      alerts: alerted.length,
      n: seen.length,
      levels: reachedLevels(seen, ({ quantilesUsd }) => quantilesUsd),
      exitLevels: reachedLevels(seen, ({ exitQuantilesUsd }) => exitQuantilesUsd),
    },
    bargains: {
      listings: bargains.length,
      n: bargainsSeen.length,
      exitLevels: reachedLevels(bargainsSeen, ({ exitQuantilesUsd }) => exitQuantilesUsd),
    },
  }
}

const seenOf = (exits: readonly ListingExit[]): SeenExit[] =>
  exits.flatMap(({ candidate, exitUsd }) => (exitUsd === null ? [] : [{ candidate, exitUsd }]))

type SeenExit = Readonly<{ candidate: Candidate; exitUsd: number }>

/** The share of exits at each quantile or above, by days. */
function reachedLevels(seen: readonly SeenExit[], quantilesOf: (candidate: Candidate) => readonly number[]): ReachedLevel[] {
  const days = [...Map.groupBy(seen, ({ candidate }) => dayOf(candidate)).values()]
  return quantileLevels.map((level, place) => {
    const reached = ({ candidate, exitUsd }: SeenExit) => exitUsd >= (quantilesOf(candidate)[place] as number)
    return { level, share: share(seen, reached), interval: shareInterval(days.map((day) => [day.filter(reached).length, day.length])) }
  })
}

/** The interval of a ratio of sums over days, by how far each day is from it (Cochran 1977, 6.4): days with more alerts weigh more. */
function shareInterval(days: readonly (readonly [number, number])[]): Interval | null {
  const [reached, all] = [0, 1].map((place) => days.reduce((sum, day) => sum + day[place as 0 | 1], 0)) as [number, number]
  const ratio = reached / all
  const perDay = all / days.length
  return meanInterval(
    days.map(([hits, count]) => ratio + (hits - ratio * count) / perDay),
    leastDays,
  )
}

const rowsBy = (candidates: readonly Candidate[], nameOf: (candidate: Candidate) => string): QualityRow[] =>
  [...Map.groupBy(candidates, nameOf)].map(([name, rows]) => qualityOf(name, rows))

function qualityOf(name: string, candidates: readonly Candidate[]): QualityRow {
  const quantiles = Float64Array.from(candidates.flatMap(({ quantilesUsd }) => quantilesUsd))
  const { rows, medianApe, biasLog, coverage50, coverage90 } = quantileErrors(
    quantiles,
    candidates.map(({ askUsd }) => Math.log(askUsd)),
  )
  return { name, rows, medianApe, biasLog, coverage50, coverage90 }
}

const share = <Item>(items: readonly Item[], holds: (item: Item) => boolean): number => items.filter(holds).length / items.length
