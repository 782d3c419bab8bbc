import { pinballLoss, quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'

/** What members forecast (each rows × 5), what happened, and the weight below which a member is dropped. */
export type Combination = Readonly<{ forecasts: readonly Float64Array[]; targets: Float64Array; leastWeight: number }>

const steps = 300

/**
 * Weights, none negative, that sum to 1 and whose combination has the least mean pinball loss over all levels: a convex problem, solved
 * by exponentiated gradient steps (Kivinen and Warmuth 1997) from equal weights, keeping the best seen. Members that end below
 * `leastWeight` get 0, the others their share of the rest.
 */
export function fitWeights({ forecasts, targets, leastWeight }: Combination): number[] {
  let weights = forecasts.map(() => 1 / forecasts.length)
  let best = { weights, loss: Number.POSITIVE_INFINITY }
  for (let step = 1; step <= steps; step++) {
    const { loss, slopes } = lossAt(forecasts, targets, weights)
    if (loss < best.loss) best = { weights, loss }
    const steepest = Math.max(...slopes.map(Math.abs), Number.MIN_VALUE)
    const rate = 2 / steepest / Math.sqrt(step)
    const middle = slopes.reduce((sum, slope, member) => sum + slope * (weights[member] as number), 0)
    weights = normalized(weights.map((weight, member) => weight * Math.exp(-rate * ((slopes[member] as number) - middle))))
  }
  return normalized(best.weights.map((weight) => (weight < leastWeight ? 0 : weight)))
}

const normalized = (weights: readonly number[]): number[] => {
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}

/** Mean pinball loss, and its slope along each weight. */
function lossAt(forecasts: readonly Float64Array[], targets: Float64Array, weights: readonly number[]) {
  const combined = combine(forecasts, weights)
  const slopes = weights.map(() => 0)
  let loss = 0
  for (let index = 0; index < combined.length; index++) {
    const level = quantileLevels[index % quantileCount] as number
    const target = targets[Math.floor(index / quantileCount)] as number
    const forecast = combined[index] as number
    loss += pinballLoss(level, target, forecast)
    const slope = target >= forecast ? -level : 1 - level
    for (let member = 0; member < slopes.length; member++) {
      slopes[member] = (slopes[member] as number) + slope * ((forecasts[member] as Float64Array)[index] as number)
    }
  }
  return { loss: loss / combined.length, slopes: slopes.map((slope) => slope / combined.length) }
}

/** The weighted mean, number by number. */
export function combine(forecasts: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const combined = new Float64Array(forecasts[0]?.length ?? 0)
  forecasts.forEach((forecast, member) => {
    const weight = weights[member] as number
    for (let index = 0; index < combined.length; index++)
      combined[index] = (combined[index] as number) + weight * (forecast[index] as number)
  })
  return combined
}
