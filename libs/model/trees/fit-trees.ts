import { setImmediate as nextTurn } from 'node:timers/promises'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import { createRandom, type Random } from '#lib/numbers/random.ts'
import { type BinnedRows, binRows, fitColumnBins } from './column-bins.ts'
import { type GrowthSettings, growTree, type LeafRows } from './grow-tree.ts'
import { createHistogramPool } from './histogram.ts'
import { type Labels, leadingOutput, leafValues, meanLoss, type Objective, outputsOf, startOf, writeGradients } from './objective.ts'
import { packTrees, type TreeEnsemble, type ValuedTree } from './tree-ensemble.ts'

/** Rows and what to forecast of them. */
export type TreeExamples = Readonly<{
  /** rows × width, NaN where unknown */
  vectors: Float32Array
  targets: Float64Array
  /** How much each row counts: one of weight 2 as if it were there twice. Absent: 1. */
  weights?: Float32Array
}>

export type TreeSettings = GrowthSettings &
  Readonly<{
    objective: Objective
    seed: number
    /** At most this many trees. */
    rounds: number
    /** The share of its leaves' values that a tree adds. */
    learningRate: number
    /** Share of the columns that each tree may split by. */
    columnShare: number
    /** Share of the rows that each tree is grown on. */
    rowShare: number
    /** Stops when this many trees in a row brought no better loss on the validation rows. */
    patience: number
  }>

export const defaultTreeSettings: TreeSettings = {
  objective: { kind: 'quantiles', levels: [0.5] },
  seed: 1,
  rounds: 900,
  learningRate: 0.03,
  mostLeaves: 31,
  columnShare: 0.2,
  rowShare: 0.8,
  patience: 100,
  fewestRowsInLeaf: 30,
  l2: 0,
  leastGain: 0,
  categorySmoothing: 20,
  categoryL2: 10,
  mostCategories: 32,
  fewestRowsInGroup: 100,
}

export type FittedTrees = Readonly<{
  ensemble: TreeEnsemble
  /** Mean loss on the validation rows after each tree, those beyond the best included; empty without such rows. */
  validationLosses: readonly number[]
}>

export type FitTreesOptions = Readonly<{
  /** Newer rows: they decide after which tree to stop. Without them all rounds are kept. */
  validation?: TreeExamples
  /** Called after each tree. */
  onProgress?: (done: number, rounds: number) => void
}>

/**
 * Gradient boosting (Friedman 2001) of leaf-wise grown trees over binned columns, as in LightGBM (Ke et al. 2017).
 * Reproducible: the same rows and settings give the same trees, to the bit. Lets other work run between trees (each takes some 20 ms).
 */
export async function fitTrees(
  examples: TreeExamples,
  columns: readonly InputColumn[],
  settings: TreeSettings,
  { validation, onProgress = () => {} }: FitTreesOptions = {},
): Promise<FittedTrees> {
  const { objective, rounds, patience } = settings
  const bins = fitColumnBins(examples.vectors, columns)
  const binned = binRows([examples.vectors, ...(validation === undefined ? [] : [validation.vectors])], bins)
  const boosting = startBoosting(examples, binned, settings)
  const trees: ValuedTree[] = []
  const validationLosses: number[] = []
  let [best, leastLoss] = [validation === undefined ? rounds : 0, Number.POSITIVE_INFINITY]
  while (trees.length < rounds && trees.length - best < patience) {
    trees.push(boosting.addTree(trees.length))
    if (validation !== undefined) {
      const loss = meanLoss(objective, validation.targets, boosting.carriedForecasts)
      validationLosses.push(loss)
      if (loss < leastLoss) [best, leastLoss] = [trees.length, loss]
    }
    onProgress(trees.length, rounds)
    await nextTurn()
  }
  return { ensemble: packTrees(trees.slice(0, best), boosting.start, columns, bins), validationLosses }
}

/** @param binned rows with a target, then those that are only carried along */
function startBoosting({ targets, weights }: TreeExamples, binned: BinnedRows, settings: TreeSettings) {
  const { objective, learningRate, l2 } = settings
  const labels: Labels = { targets, weights: weights ?? new Float32Array(targets.length).fill(1) }
  const start = startOf(objective, labels)
  const outputs = outputsOf(objective)
  const forecasts = new Float64Array(binned.rows * outputs)
  for (let at = 0; at < forecasts.length; at += outputs) forecasts.set(start, at)
  const gradients = new Float64Array(2 * targets.length)
  const usable = Int32Array.from(binned.columns.keys()).filter((column) => variesIn(binned, column, targets.length))
  const random = createRandom(settings.seed)
  const pool = createHistogramPool()
  const takeLeaf = ({ grown, carried }: LeafRows): number[] => {
    // Rounded as it is stored, so that what is fitted next is fitted to what will be forecast.
    const values = leafValues(objective, grown, labels, forecasts, l2).map((value) => Math.fround(value * learningRate))
    for (const row of grown) addTo(forecasts, row * outputs, values)
    for (const row of carried) addTo(forecasts, row * outputs, values)
    return values
  }
  return {
    start,
    carriedForecasts: forecasts.subarray(targets.length * outputs),
    addTree(round: number): ValuedTree {
      writeGradients(objective, leadingOutput(objective, round), labels, forecasts, gradients)
      const rows = drawRows(targets.length, binned.rows, settings.rowShare, random)
      const tree = growTree(binned, gradients, rows, drawColumns(usable, settings.columnShare, random), settings, pool)
      return { tree, values: tree.leaves.map(takeLeaf), rows: tree.leaves.map(({ grown }) => grown.length) }
    },
  }
}

/** A column that says the same for all rows is of no use to a tree: it must not take the place of one that is drawn. */
function variesIn({ bins, rows }: BinnedRows, column: number, fitRows: number): boolean {
  const first = column * rows
  for (let at = first; at < first + fitRows; at++) if (bins[at] !== bins[first]) return true
  return false
}

function addTo(forecasts: Float64Array, at: number, value: readonly number[]): void {
  for (let output = 0; output < value.length; output++)
    forecasts[at + output] = (forecasts[at + output] as number) + (value[output] as number)
}

/** Rows to grow on, and all others. */
function drawRows(fitRows: number, allRows: number, share: number, random: Random): LeafRows {
  const [grown, carried] = [new Int32Array(fitRows), new Int32Array(allRows)]
  const isDrawn = sampler(fitRows, sampleSize(fitRows, share), random)
  let [drawn, left] = [0, 0]
  for (let row = 0; row < allRows; row++) {
    if (row < fitRows && isDrawn()) grown[drawn++] = row
    else carried[left++] = row
  }
  return { grown: grown.subarray(0, drawn), carried: carried.subarray(0, left) }
}

function drawColumns(columns: Int32Array, share: number, random: Random): Int32Array {
  const isDrawn = sampler(columns.length, sampleSize(columns.length, share), random)
  return columns.filter(() => isDrawn())
}

const sampleSize = (count: number, share: number): number => Math.min(count, Math.max(1, Math.round(count * share)))

/** Asked once for each of `count` things in turn, says yes exactly `wanted` times (Knuth, The Art of Computer Programming 3.4.2, S). */
function sampler(count: number, wanted: number, random: Random): () => boolean {
  let [left, open] = [count, wanted]
  return () => {
    const drawn = open === left || random.uniform() * left < open
    left--
    if (drawn) open--
    return drawn
  }
}
