import { z } from 'zod'
import type { StoredModel } from '#lib/model/model-family.ts'
import { medianIndex, pinballLoss, quantileCount, quantileLevels, uncross } from '#lib/model/quantile-head.ts'
import { defaultTreeSettings, fitTrees, type TreeExamples, type TreeSettings } from '#lib/model/trees/fit-trees.ts'
import { restoreTrees, storeTrees } from '#lib/model/trees/stored-trees.ts'
import { predictTrees, type TreeEnsemble } from '#lib/model/trees/tree-ensemble.ts'
import { headColumns } from './head-inputs.ts'

/**
 * What a bargain sells for again. A buyer meets the winner's curse: what is asked far below its forecast was often forecast too high, and
 * the seller knew. The forecast may not read the ask; this head reads it. Up to the forecast's median it answers
 *
 *   exit_k = ((1 - w) × median + w × ask) × exp(t_k)
 *
 * w is the credibility of the ask (Bühlmann, Experience Rating and Credibility, 1967); t_k is the quantile of what is left, by small trees
 * that read all but the ask. An ask that is lower by a dollar takes w × exp(t_k) dollars from the exit, and that is kept at 1 or below: a
 * lower ask is never less of a bargain, neither in dollars nor as a ratio.
 */
export type ExitHead = Readonly<{
  /** Credibility of the ask, 0 to 1. */
  weight: number
  /** Quantiles of log exit less log of the mean of median and ask. */
  trees: TreeEnsemble
  /** By level: what calibration adds, in units of the row's own interquartile range. */
  shifts: readonly number[]
  /** What it learnt from, what it was calibrated on, and those of them that the rule would have alerted. */
  rows: Readonly<{ fit: number; calibration: number; alerted: number }>
}>

/** Listings, as the heads read them. */
export type ExitRows = Readonly<{
  /** rows × headColumns.length */
  inputs: Float32Array
  /** rows × 5, dollars */
  quantilesUsd: Float64Array
  asksUsd: Float64Array
}>

/** Purchases at asks up to the forecast's median, forecast by a model that had not seen the sale; and what they sold for next. */
export type ExitExamples = ExitRows & Readonly<{ exitsUsd: Float64Array }>

/** Whether a rule wants a listing, given the lower quartile of its exit. */
export type Wanted = (exitQ25Usd: number, askUsd: number) => boolean

const treeSettings: Omit<TreeSettings, 'seed'> = {
  ...defaultTreeSettings,
  objective: { kind: 'quantiles', levels: quantileLevels },
  rounds: 60,
  learningRate: 0.08,
  mostLeaves: 8,
  columnShare: 0.5,
  fewestRowsInLeaf: 100,
}

/**
 * @param purchases in the order of time, over which blocks are spread
 * @param wanted the rule on whose alerts the quantiles are made to hold
 */
export async function fitExitHead(purchases: ExitExamples, wanted: Wanted, seed: number): Promise<ExitHead> {
  const weight = credibilityOfAsk(purchases)
  const targets = leftBeside(weight, purchases)
  const count = targets.length
  const treesOf = async (rows: readonly number[]): Promise<TreeEnsemble> =>
    (await fitTrees(rowsOf(purchases.inputs, targets, rows), headColumns, { ...treeSettings, seed })).ensemble
  const everything = Array.from(targets.keys())
  const unseen = new Float64Array(count * quantileCount)
  for (let block = 0; block < blocks; block++) {
    const [from, until] = [block, block + 1].map((edge) => Math.floor((count * edge) / blocks)) as [number, number]
    const trees = await treesOf(everything.filter((row) => row < from || row >= until))
    const width = headColumns.length
    unseen.set(predictTrees(trees, purchases.inputs.subarray(from * width, until * width)), from * quantileCount)
  }
  const uncalibrated: ExitHead = {
    weight,
    trees: await treesOf(everything),
    shifts: quantileLevels.map(() => 0),
    rows: { fit: count, calibration: count, alerted: 0 },
  }
  return calibratedOn(uncalibrated, purchases, unseen, wanted)
}

/**
 * Each is told by trees that learnt from the others. So all days calibrate, and all are learnt from: prices of one day stray together, and
 * what half of the days say is often the weather of those (measured in docs/numbers.md).
 */
const blocks = 4

function rowsOf(inputs: Float32Array, targets: Float64Array, rows: readonly number[]): TreeExamples {
  const width = headColumns.length
  const vectors = new Float32Array(rows.length * width)
  rows.forEach((row, place) => {
    vectors.set(inputs.subarray(row * width, (row + 1) * width), place * width)
  })
  return { vectors, targets: Float64Array.from(rows, (row) => targets[row] as number) }
}

const at = (values: ArrayLike<number>, row: number, level: number): number => values[row * quantileCount + level] as number

const blend = (weight: number, { quantilesUsd, asksUsd }: ExitRows, row: number): number =>
  (1 - weight) * at(quantilesUsd, row, medianIndex) + weight * (asksUsd[row] as number)

const leftBeside = (weight: number, examples: ExitExamples): Float64Array =>
  examples.exitsUsd.map((exit, row) => Math.log(exit / blend(weight, examples, row)))

const least = 0.02
/** The forecast's own interquartile range, log dollars: how far a row's prices stray. */
const spreadOf = ({ quantilesUsd }: ExitRows, row: number): number =>
  Math.max(least, Math.log(at(quantilesUsd, row, 3) / at(quantilesUsd, row, 1)))

const candidates = Array.from({ length: 15 }, (_, step) => step * 0.05)

/** The weight under which what is left, scaled by each row's spread, is narrowest: least pinball loss over all levels. */
function credibilityOfAsk(examples: ExitExamples): number {
  const losses = candidates.map((weight) => {
    const scaled = leftBeside(weight, examples).map((left, row) => left / spreadOf(examples, row))
    const sorted = scaled.slice().sort()
    return quantileLevels.reduce((sum, level) => {
      const quantile = sorted[Math.floor(level * (sorted.length - 1))] as number
      return sum + scaled.reduce((loss, value, row) => loss + pinballLoss(level, value, quantile) * spreadOf(examples, row), 0)
    }, 0)
  })
  return candidates[losses.indexOf(Math.min(...losses))] as number
}

/**
 * rows × 5, dollars. Above the forecast's median, where the head has seen no purchase, the forecast; or what the head says at the median,
 * where that is less, so that no ask is punished for coming down to it.
 */
export function exitQuantiles(head: ExitHead, rows: ExitRows): Float64Array {
  return exitsOf(predictTrees(head.trees, rows.inputs), head, rows)
}

/** @param quantiles of what is left, rows × 5, as trees say them; changed */
function exitsOf(quantiles: Float64Array, { weight, shifts }: Pick<ExitHead, 'weight' | 'shifts'>, rows: ExitRows): Float64Array {
  for (let row = 0; row < rows.asksUsd.length; row++)
    for (let level = 0; level < quantileCount; level++)
      quantiles[row * quantileCount + level] = at(quantiles, row, level) + (shifts[level] as number) * spreadOf(rows, row)
  uncross(quantiles)
  return quantiles.map((left, index) => {
    const row = Math.floor(index / quantileCount)
    const median = at(rows.quantilesUsd, row, medianIndex)
    const ask = rows.asksUsd[row] as number
    if (!(ask <= median)) return Math.min(rows.quantilesUsd[index] as number, median * Math.exp(left))
    const credibility = Math.min(weight, Math.exp(-left))
    return ((1 - credibility) * median + credibility * ask) * Math.exp(left)
  })
}

/** With fewer alerts the quantiles are noise. */
const fewestRows = 30
/** What is calibrated on decides what is alerted: so often around, and they agree. */
const turns = 8
/** All bargains count as this many alerts beside the alerts themselves. */
const priorAlerts = 400
const bargainRatio = 0.9

/**
 * Conformal by cross-fitting (Barber et al., Predictive inference with the jackknife+, 2021): each quantile moves by that quantile of the errors
 * of purchases that its trees had not seen, in units of the row's spread. The purchases are those that the rule would have alerted by the
 * calibrated head itself, drawn towards all bargains where they are few.
 * @param quantiles of what is left, rows × 5, by trees that had not seen the row
 */
function calibratedOn(head: ExitHead, examples: ExitExamples, quantiles: Float64Array, wanted: Wanted): ExitHead {
  const left = leftBeside(head.weight, examples)
  const bargains = rowsWhere(
    examples,
    (row) => (examples.asksUsd[row] as number) < bargainRatio * at(examples.quantilesUsd, row, medianIndex),
  )
  if (bargains.length < fewestRows) return head
  const shiftsOf = (rows: readonly number[]): number[] =>
    quantileLevels.map((level, k) => {
      const errors = rows.map((row) => ((left[row] as number) - at(quantiles, row, k)) / spreadOf(examples, row)).sort((a, b) => a - b)
      const rank = level < 0.5 ? Math.floor(level * (errors.length + 1)) - 1 : Math.ceil(level * (errors.length + 1)) - 1
      return errors[Math.max(0, Math.min(errors.length - 1, rank))] as number
    })
  const ofBargains = shiftsOf(bargains)
  let calibrated: ExitHead = { ...head, shifts: ofBargains }
  for (let turn = 0; turn < turns; turn++) {
    const exits = exitsOf(quantiles.slice(), calibrated, examples)
    const alerted = rowsWhere(examples, (row) => wanted(at(exits, row, 1), examples.asksUsd[row] as number))
    if (alerted.length < fewestRows) return { ...calibrated, rows: { ...head.rows, alerted: alerted.length } }
    const share = alerted.length / (alerted.length + priorAlerts)
    const ofAlerts = shiftsOf(alerted)
    const shifts = ofAlerts.map((shift, level) => share * shift + (1 - share) * (ofBargains[level] as number))
    calibrated = { ...calibrated, shifts, rows: { ...head.rows, alerted: alerted.length } }
  }
  return calibrated
}

const rowsWhere = ({ asksUsd }: ExitRows, holds: (row: number) => boolean): number[] => Array.from(asksUsd.keys()).filter(holds)

const definitionSchema = z.object({
  weight: z.number().min(0).max(1),
  shifts: z.array(z.number()).length(quantileCount),
  rows: z.object({ fit: z.number(), calibration: z.number(), alerted: z.number() }),
  trees: z.unknown(),
})

export function storeExitHead({ weight, trees, shifts, rows }: ExitHead): StoredModel {
  const { definition, weights } = storeTrees(trees)
  return { definition: { weight, shifts, rows, trees: definition }, weights }
}

/** Throws a plain Error that says what does not fit. */
export function restoreExitHead({ definition, weights }: StoredModel): ExitHead {
  const { trees, ...head } = definitionSchema.parse(definition)
  const restored = restoreTrees({ definition: trees, weights })
  if (restored.vectorWidth !== headColumns.length || restored.start.length !== quantileCount)
    throw new Error('the head of exits reads other inputs')
  return { ...head, trees: restored }
}
