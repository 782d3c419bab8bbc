import { pinballLoss } from '#lib/model/quantile-head.ts'
import { quantileOf } from './select.ts'

/**
 * What trees are fitted to. `squared`: the mean. `quantiles`: every leaf holds a value for each level, fitted to the quantile of its
 * rows' residuals (the median alone is the absolute loss), so that one ensemble forecasts them all at the cost of one. `hazard`: the log of
 * a rate of events (Poisson deviance); the target is how many happened, the weight for how long was watched.
 */
export type Objective =
  | Readonly<{ kind: 'squared' }>
  | Readonly<{ kind: 'hazard' }>
  | Readonly<{ kind: 'quantiles'; levels: readonly number[] }>

/** Rows to fit to: what to forecast of each, and how much it counts. */
export type Labels = Readonly<{ targets: Float64Array; weights: Float32Array }>

/** How many numbers each leaf, and each forecast, has. */
export const outputsOf = (objective: Objective): number => (objective.kind === 'quantiles' ? objective.levels.length : 1)

/** The best constant forecasts, before the first tree. */
export function startOf(objective: Objective, { targets, weights }: Labels): number[] {
  if (objective.kind === 'quantiles') return objective.levels.map((level) => quantileOf(targets.slice(), Float64Array.from(weights), level))
  const isHazard = objective.kind === 'hazard'
  let [sum, total] = [0, 0]
  targets.forEach((target, row) => {
    sum += isHazard ? target : (weights[row] as number) * target
    total += weights[row] as number
  })
  // Half an event at least: a rate of nothing has no log.
  return [isHazard ? Math.log(Math.max(0.5, sum) / Math.max(Number.MIN_VALUE, total)) : sum / Math.max(Number.MIN_VALUE, total)]
}

/**
 * Which output the gradients of a round come from. All leaves serve all levels, but a tree's forks follow one: the level nearest the
 * median every other round, for it decides the error, the others in turn.
 */
export function leadingOutput(objective: Objective, round: number): number {
  if (objective.kind !== 'quantiles') return 0
  const { levels } = objective
  const middle = levels.length >> 1
  const others = levels.map((_, index) => index).filter((index) => index !== middle)
  return round % 2 === 0 || others.length === 0 ? middle : (others[((round - 1) / 2) % others.length] as number)
}

/** The slope of each row's weighted loss at its forecast, and its weight, as pairs into `gradients`; `forecasts` are rows × outputs. */
export function writeGradients(
  objective: Objective,
  leading: number,
  { targets, weights }: Labels,
  forecasts: Float64Array,
  gradients: Float64Array,
): void {
  if (objective.kind === 'hazard') {
    for (let row = 0; row < targets.length; row++) {
      const expected = (weights[row] as number) * Math.exp(forecasts[row] as number)
      gradients[2 * row] = expected - (targets[row] as number)
      gradients[2 * row + 1] = expected
    }
    return
  }
  const outputs = outputsOf(objective)
  const level = objective.kind === 'squared' ? null : (objective.levels[leading] as number)
  for (let row = 0; row < targets.length; row++) {
    const error = (targets[row] as number) - (forecasts[row * outputs + leading] as number)
    const slope = level === null ? -error : error >= 0 ? -level : 1 - level
    gradients[2 * row] = (weights[row] as number) * slope
    gradients[2 * row + 1] = weights[row] as number
  }
}

/** What to add to the forecasts of a leaf's rows, one number per output; shrunk by nothing but `l2`. */
export function leafValues(objective: Objective, rows: Int32Array, labels: Labels, forecasts: Float64Array, l2: number): number[] {
  const { targets, weights } = labels
  const outputs = outputsOf(objective)
  if (rows.length === 0) return Array.from({ length: outputs }, () => 0)
  if (objective.kind === 'hazard') return [hazardStep(rows, labels, forecasts, l2)]
  const [residuals, counts] = [new Float64Array(rows.length), new Float64Array(rows.length)]
  const total = rows.reduce((sum, row) => sum + (weights[row] as number), 0)
  return Array.from({ length: outputs }, (_, output) => {
    // Afresh for each output: what finds a quantile brings them into another order.
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] as number
      residuals[index] = (targets[row] as number) - (forecasts[row * outputs + output] as number)
      counts[index] = weights[row] as number
    }
    if (objective.kind === 'squared')
      return residuals.reduce((sum, residual, index) => sum + residual * (counts[index] as number), 0) / (total + l2)
    return (quantileOf(residuals, counts, objective.levels[output] as number) * total) / (total + l2)
  })
}

/** No leaf moves a log rate by more at once: what saw no event in a short time would fall without end. */
const maxStep = 2

/** One Newton step of the log rate: events more than expected, over those expected. */
function hazardStep(rows: Int32Array, { targets, weights }: Labels, forecasts: Float64Array, l2: number): number {
  let [events, expected] = [0, 0]
  for (const row of rows) {
    events += targets[row] as number
    expected += (weights[row] as number) * Math.exp(forecasts[row] as number)
  }
  const step = (events - expected) / Math.max(Number.MIN_VALUE, expected + l2)
  return Math.max(-maxStep, Math.min(maxStep, step))
}

/** Mean loss of a row, over all outputs. Of a hazard the deviance of rows that were watched for one unit of time. */
export function meanLoss(objective: Objective, targets: Float64Array, forecasts: Float64Array): number {
  const outputs = outputsOf(objective)
  let sum = 0
  for (let row = 0; row < targets.length; row++) {
    for (let output = 0; output < outputs; output++) {
      const [target, forecast] = [targets[row] as number, forecasts[row * outputs + output] as number]
      if (objective.kind === 'squared') sum += (target - forecast) ** 2
      else if (objective.kind === 'hazard') sum += Math.exp(forecast) - target * forecast
      else sum += pinballLoss(objective.levels[output] as number, target, forecast)
    }
  }
  return sum / (targets.length * outputs)
}
