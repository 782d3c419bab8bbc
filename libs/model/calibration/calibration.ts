import { z } from 'zod'
import { medianIndex, quantileCount, quantileLevels, uncross } from '#lib/model/quantile-head.ts'

/**
 * How far each quantile moves, in units of the row's own predicted interquartile range, so that on the newest labelled rows, which the
 * network has not seen, the right share of prices lies below it.
 * Split conformal prediction for quantiles: Romano, Patterson, Candès, Conformalized Quantile Regression (2019), one-sided per level.
 */
export type Calibration = Readonly<{ shifts: readonly number[]; rows: number }>

export const calibrationSchema = z.object({ shifts: z.array(z.number()).length(quantileCount), rows: z.number().int().nonnegative() })

/** Below this many rows the outer quantiles of the residuals are noise: nothing moves. */
const minimumRows = 100
/** The least predicted interquartile range, log dollars: about two percent of the price. */
const minimumSpread = 0.02

const spreadOf = (quantiles: ArrayLike<number>, at: number): number =>
  Math.max(minimumSpread, (quantiles[at + 3] as number) - (quantiles[at + 1] as number))

/** @param quantiles rows × 5, as the network gave them; @param targets what happened */
export function fitCalibration(quantiles: ArrayLike<number>, targets: ArrayLike<number>): Calibration {
  const rows = targets.length
  if (rows < minimumRows) return { shifts: quantileLevels.map(() => 0), rows }
  const shifts = quantileLevels.map((level, k) => {
    const residuals = Float64Array.from(targets, (target, row) => {
      const at = row * quantileCount
      return (target - (quantiles[at + k] as number)) / spreadOf(quantiles, at)
    }).sort()
    // The finite-sample rank, rounded away from the median: a small block of rows must widen an interval, never narrow it.
    const rank = level * (rows + 1)
    const index = level < 0.5 ? Math.floor(rank) - 1 : Math.ceil(rank) - 1
    return residuals[Math.max(0, Math.min(rows - 1, index))] as number
  })
  return { shifts, rows }
}

/**
 * For a model that was fitted again on the very rows it is calibrated by: where their prices lay it has learnt by now, so its median stays.
 * How far they strayed it cannot know from them, so the others keep their distance from the median.
 */
export function aroundMedian({ shifts, rows }: Calibration): Calibration {
  return { shifts: shifts.map((shift) => shift - (shifts[medianIndex] as number)), rows }
}

/** Moves the quantiles in place. They still do not cross. */
export function calibrate(calibration: Calibration, quantiles: Float64Array): void {
  const { shifts } = calibration
  for (let at = 0; at < quantiles.length; at += quantileCount) {
    const spread = spreadOf(quantiles, at)
    for (let k = 0; k < quantileCount; k++) quantiles[at + k] = (quantiles[at + k] as number) + (shifts[k] as number) * spread
  }
  uncross(quantiles)
}
