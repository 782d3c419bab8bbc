/** The levels of a forecast's quantiles, in the order in which every array here holds them. */
export const quantileLevels = [0.05, 0.25, 0.5, 0.75, 0.95] as const

export const quantileCount = quantileLevels.length

/** Position of the median among the levels. */
export const medianIndex = 2

/** The median decides error and rank; the outer quantiles only what is risked. */
const lossWeights = [1, 1, 2, 1, 1] as const

/** ln(1 + e^x), without overflow. */
const softplus = (x: number): number => (x > 30 ? x : Math.log1p(Math.exp(x)))

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/**
 * The network's raw outputs as quantiles, in place, row by row: the middle output is the median, the others are steps away from it,
 * made positive by softplus, so that quantiles cannot cross whatever the weights are.
 */
export function quantilesFromRaw(raw: Float32Array | Float64Array): void {
  for (let row = 0; row < raw.length; row += quantileCount) {
    const median = raw[row + 2] as number
    const low = median - softplus(raw[row + 1] as number)
    const high = median + softplus(raw[row + 3] as number)
    raw[row] = low - softplus(raw[row] as number)
    raw[row + 1] = low
    raw[row + 3] = high
    raw[row + 4] = high + softplus(raw[row + 4] as number)
  }
}

/** Where two quantiles of a row cross, the outer one stops at the inner one; the median stays. In place, rows × 5. */
export function uncross(quantiles: Float64Array): Float64Array {
  for (let at = 0; at < quantiles.length; at += quantileCount) {
    quantiles[at + 1] = Math.min(quantiles[at + 1] as number, quantiles[at + 2] as number)
    quantiles[at] = Math.min(quantiles[at] as number, quantiles[at + 1] as number)
    quantiles[at + 3] = Math.max(quantiles[at + 3] as number, quantiles[at + 2] as number)
    quantiles[at + 4] = Math.max(quantiles[at + 4] as number, quantiles[at + 3] as number)
  }
  return quantiles
}

/** Pinball loss of one quantile at level `level`: Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978). */
export const pinballLoss = (level: number, target: number, forecast: number): number => {
  const error = target - forecast
  return error >= 0 ? error * level : error * (level - 1)
}

/**
 * Mean weighted pinball loss of raw outputs, and its gradient with respect to them, written into `gradient` (rows × 5).
 * Each raw output moves its own quantile and those further out on its side; the middle one moves all.
 */
export function pinballGradient(raw: Float32Array, targets: Float32Array, gradient: Float32Array): number {
  const rows = targets.length
  const quantiles = new Float64Array(raw)
  quantilesFromRaw(quantiles)
  const slopes = new Float64Array(quantileCount)
  let loss = 0
  for (let row = 0; row < rows; row++) {
    const at = row * quantileCount
    const target = targets[row] as number
    for (let k = 0; k < quantileCount; k++) {
      const level = quantileLevels[k] as number
      const weight = (lossWeights[k] as number) / (rows * quantileCount)
      const forecast = quantiles[at + k] as number
      loss += weight * pinballLoss(level, target, forecast)
      slopes[k] = weight * (target >= forecast ? -level : 1 - level)
    }
    const [s0, s1, s2, s3, s4] = slopes as unknown as [number, number, number, number, number]
    gradient[at] = -s0 * sigmoid(raw[at] as number)
    gradient[at + 1] = -(s0 + s1) * sigmoid(raw[at + 1] as number)
    gradient[at + 2] = s0 + s1 + s2 + s3 + s4
    gradient[at + 3] = (s3 + s4) * sigmoid(raw[at + 3] as number)
    gradient[at + 4] = s4 * sigmoid(raw[at + 4] as number)
  }
  return loss
}
