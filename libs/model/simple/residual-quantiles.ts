import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'

/**
 * Turns a model that forecasts one number into one that forecasts quantiles: at each level the number plus that quantile of its errors
 * on rows it was not fitted to. Ascending, so quantiles cannot cross.
 */
export function fitResidualQuantiles(forecasts: Float64Array, targets: Float64Array): number[] {
  const errors = targets.map((target, row) => target - (forecasts[row] as number)).sort()
  return quantileLevels.map((level) => (errors.length === 0 ? 0 : quantileOfSorted(errors, level)))
}

/** @returns rows × 5 */
export function spreadOut(forecasts: Float64Array, residualQuantiles: readonly number[]): Float64Array {
  return Float64Array.from({ length: forecasts.length * quantileCount }, (_, index) => {
    return (forecasts[Math.floor(index / quantileCount)] as number) + (residualQuantiles[index % quantileCount] as number)
  })
}
