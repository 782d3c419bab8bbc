/** How good the forecasts were that decided: on every listing that sold, and among those that were alerted. */
import { type QuantileErrors, quantileErrors } from '#lib/model/evaluation.ts'
import { quantileLevels } from '#lib/model/quantile-head.ts'
import type { Candidate } from './candidate.ts'
import { type ExecutionSettings, isSold, type Outcome } from './execution.ts'

export type QualityRow = Readonly<{ name: string } & Pick<QuantileErrors, 'rows' | 'medianApe' | 'biasLog' | 'coverage50' | 'coverage90'>>

export type ForecastQuality = Readonly<{
  all: QualityRow
  byDay: readonly QualityRow[]
  byClass: readonly QualityRow[]
  byPrice: readonly QualityRow[]
  /** Share of prices at or below each quantile; right where it equals the level. */
  calibration: readonly Readonly<{ level: number; share: number }>[]
  /**
   * Share of alerted axies that later went for the quantile or more (what a buyer meets): of those with an exit that was seen. Right
   * where it equals 1 - level; less is the winner's curse.
   */
  alerted: Readonly<{ rows: number; levels: readonly Readonly<{ level: number; share: number }>[] }>
}>

/** Dollars; of what it forecasts, the price a listing sold for. */
const bands = [0, 10, 20, 40, 80, 160, Number.POSITIVE_INFINITY]

const day = ({ listedAt }: Candidate): string => new Date(listedAt + 1).toISOString().slice(0, 10)

/** @param sold listings that sold at their ask: the ask is the price */
export function forecastQuality(sold: readonly Candidate[], alerted: readonly Outcome[], settings: ExecutionSettings): ForecastQuality {
  const seen = alerted.filter(({ exit }) => isSold(exit))
  return {
    all: qualityOf('all', sold),
    byDay: rowsBy(sold, day),
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
      rows: seen.length,
      levels: quantileLevels.map((level, place) => ({
        level,
        share: share(seen, ({ offer, exit }) => marketPrice(exit, settings) >= ((offer as Candidate).quantilesUsd[place] as number)),
      })),
    },
  }
}

/** What the market paid: the undercut is our own doing. */
const marketPrice = ({ kind, priceUsd }: Outcome['exit'], { undercutRatio }: ExecutionSettings): number =>
  kind === 'similar' ? priceUsd / (1 - undercutRatio) : priceUsd

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
