import { bestSplitOf, type LeafSums, type Split, type SplitSettings } from './best-split.ts'
import type { BinnedRows, ColumnBins } from './column-bins.ts'
import { fillHistogram, type Histogram, type HistogramLayout, type HistogramPool, layoutHistogram, subtractHistogram } from './histogram.ts'

export type GrowthSettings = SplitSettings & Readonly<{ mostLeaves: number }>

/** A fork of a tree. A child below 0 is the leaf `-1 - child`. */
export type Fork = Readonly<{ split: Split; left: number; right: number }>

/** Rows that end in one leaf. */
export type LeafRows = Readonly<{
  /** Rows that the tree was grown on. */
  grown: Int32Array
  /** Rows that only need to know where they end: left out by bagging, or held for validation. */
  carried: Int32Array
}>

/** Without forks it is one leaf. */
export type GrownTree = Readonly<{ forks: readonly Fork[]; leaves: readonly LeafRows[] }>

type OpenLeaf = LeafRows & Readonly<{ sums: LeafSums; histogram: Histogram; split: Split | null; parent: number; isLeft: boolean }>

/**
 * Grows one tree, always at the leaf whose split gains most (leaf-wise, as LightGBM does: Ke et al. 2017). Of a leaf's two children only
 * the smaller is counted; the other's histogram is what it leaves of its parent's.
 * Rows are partitioned in their order, so that the same rows give the same tree.
 * @param gradients of each row of `binned` its gradient and its weight, as pairs
 * @param columns that this tree may split by
 */
export function growTree(
  binned: BinnedRows,
  gradients: Float64Array,
  rows: LeafRows,
  columns: Int32Array,
  settings: GrowthSettings,
  pool: HistogramPool,
): GrownTree {
  const layout = layoutHistogram(binned, columns)
  const gathered = new Float64Array(2 * rows.grown.length)
  const count = (counted: Int32Array): Histogram => {
    const histogram = pool.take(layout.length)
    fillHistogram(binned, layout, counted, gradients, gathered, histogram)
    return histogram
  }
  const open = (rows: LeafRows, histogram: Histogram, parent: number, isLeft: boolean): OpenLeaf => {
    const sums = sumsOf(rows.grown, gradients)
    return { ...rows, sums, histogram, parent, isLeft, split: bestSplit(binned, layout, histogram, sums, settings) }
  }

  const forks: { split: Split; left: number; right: number }[] = []
  const leaves = [open(rows, count(rows.grown), -1, false)]
  const linkTo = ({ parent, isLeft }: OpenLeaf, child: number): void => {
    const fork = forks[parent]
    if (fork !== undefined) fork[isLeft ? 'left' : 'right'] = child
  }
  while (leaves.length < settings.mostLeaves) {
    const place = leafToSplit(leaves)
    const leaf = leaves[place]
    if (leaf === undefined || leaf.split === null) break
    const [left, right] = divide(leaf, leaf.split, binned)
    const [smaller, larger] = left.grown.length <= right.grown.length ? [left, right] : [right, left]
    const counted = count(smaller.grown)
    subtractHistogram(leaf.histogram, counted)
    const fork = forks.length
    linkTo(leaf, fork)
    forks.push({ split: leaf.split, left: -1 - place, right: -1 - leaves.length })
    const children = [open(smaller, counted, fork, smaller === left), open(larger, leaf.histogram, fork, larger === left)] as const
    const [leftLeaf, rightLeaf] = smaller === left ? children : [children[1], children[0]]
    leaves[place] = leftLeaf
    leaves.push(rightLeaf)
  }
  for (const { histogram } of leaves) pool.giveBack(histogram)
  return { forks, leaves: leaves.map(({ grown, carried }) => ({ grown, carried })) }
}

function sumsOf(rows: Int32Array, gradients: Float64Array): LeafSums {
  const sums = { gradient: 0, rows: 0 }
  for (let index = 0; index < rows.length; index++) {
    const at = 2 * (rows[index] as number)
    sums.gradient += gradients[at] as number
    sums.rows += gradients[at + 1] as number
  }
  return sums
}

function bestSplit(
  binned: BinnedRows,
  { columns, offsets }: HistogramLayout,
  histogram: Histogram,
  sums: LeafSums,
  settings: GrowthSettings,
): Split | null {
  if (sums.rows < 2 * settings.fewestRowsInLeaf) return null
  let best: Split | null = null
  let leastGain = 0
  for (const [index, column] of columns.entries()) {
    const bins = binned.columns[column] as ColumnBins
    const found = bestSplitOf(column, bins, histogram, offsets[index] as number, sums, settings, leastGain)
    if (found !== null) [best, leastGain] = [found, found.gain]
  }
  return best
}

/** The first of those that gain most; -1 where none can be split. */
function leafToSplit(leaves: readonly OpenLeaf[]): number {
  let best = -1
  leaves.forEach(({ split }, place) => {
    if (split !== null && split.gain > (leaves[best]?.split?.gain ?? 0)) best = place
  })
  return best
}

function divide({ grown, carried }: LeafRows, split: Split, binned: BinnedRows): [LeafRows, LeafRows] {
  const bins = binned.bins.subarray(split.column * binned.rows, (split.column + 1) * binned.rows)
  const goesLeft = leftBinsOf(split)
  const [grownLeft, grownRight] = partition(grown, bins, goesLeft)
  const [carriedLeft, carriedRight] = partition(carried, bins, goesLeft)
  return [
    { grown: grownLeft, carried: carriedLeft },
    { grown: grownRight, carried: carriedRight },
  ]
}

/** For each bin 1 where it goes left, else 0. */
export function leftBinsOf({ leftBins, lastLeftBin, unknownLeft }: Split): Uint8Array {
  const goesLeft = new Uint8Array(256)
  if (leftBins === null) {
    goesLeft.fill(1, 1, lastLeftBin + 1)
    goesLeft[0] = unknownLeft ? 1 : 0
  } else {
    for (const bin of leftBins) goesLeft[bin] = 1
  }
  return goesLeft
}

function partition(rows: Int32Array, bins: Uint8Array, goesLeft: Uint8Array): [Int32Array, Int32Array] {
  let leftCount = 0
  for (let index = 0; index < rows.length; index++) leftCount += goesLeft[bins[rows[index] as number] as number] as number
  const left = new Int32Array(leftCount)
  const right = new Int32Array(rows.length - leftCount)
  for (let index = 0, l = 0, r = 0; index < rows.length; index++) {
    const row = rows[index] as number
    if (goesLeft[bins[row] as number] === 1) left[l++] = row
    else right[r++] = row
  }
  return [left, right]
}
