import { pinballLoss } from '../quantile-head.ts'
import { quantileOf } from './select.ts'

/**
 * What trees are fitted to. `squared`: the mean. `quantiles`: every leaf holds a value for each level, fitted to the quantile of its
 * rows' residuals (the median alone is the absolute loss), so that one ensemble forecasts them all at the cost of one.
 */
export type Objective = Readonly<{ kind: 'squared' }> | Readonly<{ kind: 'quantiles'; levels: readonly number[] }>

/** How many numbers each leaf, and each forecast, has. */
export const outputsOf = (objective: Objective): number => (objective.kind === 'squared' ? 1 : objective.levels.length)

/** The best constant forecasts, before the first tree. */
export function startOf(objective: Objective, targets: Float64Array): number[] {
  return objective.kind === 'squared' ? [mean(targets)] : objective.levels.map((level) => quantileOf(targets.slice(), level))
}

/**
 * Which output the gradients of a round come from. All leaves serve all levels, but a tree's forks follow one: the level nearest the
 * median every other round, for it decides the error, the others in turn.
 */
export function leadingOutput(objective: Objective, round: number): number {
  if (objective.kind === 'squared') return 0
  const { levels } = objective
  const middle = levels.length >> 1
  const others = levels.map((_, index) => index).filter((index) => index !== middle)
  return round % 2 === 0 || others.length === 0 ? middle : (others[((round - 1) / 2) % others.length] as number)
}

/** Slope of the loss at a row's forecast, into `gradients`; `forecasts` are rows × outputs. */
export function writeGradients(
  objective: Objective,
  leading: number,
  targets: Float64Array,
  forecasts: Float64Array,
  gradients: Float64Array,
): void {
  const outputs = outputsOf(objective)
  const level = objective.kind === 'squared' ? null : (objective.levels[leading] as number)
  for (let row = 0; row < targets.length; row++) {
    const error = (targets[row] as number) - (forecasts[row * outputs + leading] as number)
    if (level === null) gradients[row] = -error
    else gradients[row] = error >= 0 ? -level : 1 - level
  }
}

/** What to add to the forecasts of a leaf's rows, one number per output; shrunk by nothing but `l2`. */
export function leafValues(objective: Objective, rows: Int32Array, targets: Float64Array, forecasts: Float64Array, l2: number): number[] {
  if (rows.length === 0) return Array.from({ length: outputsOf(objective) }, () => 0)
  if (objective.kind === 'squared') {
    let sum = 0
    for (const row of rows) sum += (targets[row] as number) - (forecasts[row] as number)
    return [sum / (rows.length + l2)]
  }
  const { levels } = objective
  const residuals = new Float64Array(rows.length)
  const shrink = rows.length / (rows.length + l2)
  return levels.map((level, output) => {
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as number
      residuals[index] = (targets[row] as number) - (forecasts[row * levels.length + output] as number)
    }
    return quantileOf(residuals, level) * shrink
  })
}

/** Mean loss of a row, over all outputs. */
export function meanLoss(objective: Objective, targets: Float64Array, forecasts: Float64Array): number {
  const outputs = outputsOf(objective)
  let sum = 0
  for (let row = 0; row < targets.length; row++) {
    for (let output = 0; output < outputs; output++) {
      const [target, forecast] = [targets[row] as number, forecasts[row * outputs + output] as number]
      sum += objective.kind === 'squared' ? (target - forecast) ** 2 : pinballLoss(objective.levels[output] as number, target, forecast)
    }
  }
  return sum / (targets.length * outputs)
}

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
