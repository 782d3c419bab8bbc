import { quantileOfSorted } from './input-encoding.ts'
import { medianIndex, pinballLoss, quantileCount, quantileLevels } from './quantile-head.ts'

/** Errors of forecasts against prices that were paid. APE = |forecast / price - 1|, a share. */
export type PointErrors = Readonly<{
  rows: number
  medianApe: number
  p95Ape: number
  /** Median of log forecast less log price: above 0 = too high. */
  biasLog: number
  r2Log: number
}>

export type QuantileErrors = PointErrors &
  Readonly<{
    /** Shares of prices inside the 0.25-0.75 and the 0.05-0.95 interval. */
    coverage50: number
    coverage90: number
    /** Median of upper over lower end of the 0.05-0.95 interval. */
    width90: number
    /** Mean over levels and rows, of log price. */
    pinball: number
  }>

/** @param forecasts log dollars; rows where it is NaN are left out, and out of `rows` */
export function pointErrors(forecasts: ArrayLike<number>, logPrices: ArrayLike<number>): PointErrors {
  const known = Array.from({ length: logPrices.length }, (_, row) => row).filter((row) => !Number.isNaN(forecasts[row] as number))
  const errors = Float64Array.from(known, (row) => (forecasts[row] as number) - (logPrices[row] as number))
  const ape = errors.map((error) => Math.abs(Math.exp(error) - 1)).sort()
  const mean = known.reduce((sum, row) => sum + (logPrices[row] as number), 0) / known.length
  const variance = known.reduce((sum, row) => sum + ((logPrices[row] as number) - mean) ** 2, 0)
  const squares = errors.reduce((sum, error) => sum + error * error, 0)
  return {
    rows: known.length,
    medianApe: quantileOfSorted(ape, 0.5),
    p95Ape: quantileOfSorted(ape, 0.95),
    biasLog: quantileOfSorted(errors.sort(), 0.5),
    r2Log: 1 - squares / variance,
  }
}

/** @param quantilesUsd rows × 5, as a model predicts them */
export function quantileErrors(quantilesUsd: Float64Array, logPrices: ArrayLike<number>): QuantileErrors {
  const rows = logPrices.length
  const logs = quantilesUsd.map(Math.log)
  const at = (row: number, k: number): number => logs[row * quantileCount + k] as number
  const everyRow = Array.from({ length: rows }, (_, row) => row)
  const inside = (low: number, high: number): number =>
    everyRow.filter((row) => at(row, low) <= (logPrices[row] as number) && (logPrices[row] as number) <= at(row, high)).length / rows
  const losses = everyRow.flatMap((row) => quantileLevels.map((level, k) => pinballLoss(level, logPrices[row] as number, at(row, k))))
  const widths = Float64Array.from(everyRow, (row) => Math.exp(at(row, 4) - at(row, 0))).sort()
  return {
    ...pointErrors(
      everyRow.map((row) => at(row, medianIndex)),
      logPrices,
    ),
    coverage50: inside(1, 3),
    coverage90: inside(0, 4),
    width90: quantileOfSorted(widths, 0.5),
    pinball: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
  }
}
