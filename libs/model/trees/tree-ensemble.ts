import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ColumnBins } from './column-bins.ts'
import { type GrownTree, leftBinsOf } from './grow-tree.ts'

/**
 * Boosted trees, laid out to be walked fast. A child at or above 0 is the place of a fork among `nodes`, one below 0 the leaf
 * `-1 - child`; a place is the index of the fork's first number.
 */
export type TreeEnsemble = Readonly<{
  vectorWidth: number
  /** The number of categories of each column; 0 for a number. */
  categorySizes: Int32Array
  /** Forecasts before the first tree; as many as each leaf has values. */
  start: Float64Array
  /** The root of each tree, a child. */
  roots: Int32Array
  /**
   * Four numbers a fork: slot, threshold, left, right. Of a number's fork the slot is the place in a prepared row and the threshold a
   * float32 (read through `thresholds`, the same memory): up to it goes left. Of a category's fork the slot is `-1 - place`, the
   * threshold the first word of its set: members go left.
   */
  nodes: Int32Array
  thresholds: Float32Array
  /** Sets of categories, `setWords` each, bit by bit; bit 0 is what is unknown, bit c + 1 is code c. */
  sets: Uint32Array
  setWords: number
  /** leaves × outputs */
  leaves: Float32Array
  /** Training rows in each leaf. */
  leafRows: Int32Array
}>

export const nodeNumbers = 4
const unbounded = 3.4028234663852886e38

/** A tree with the values of its leaves, learning rate included: leaves × outputs. */
export type ValuedTree = Readonly<{ tree: Pick<GrownTree, 'forks'>; values: readonly (readonly number[])[]; rows: readonly number[] }>

export function packTrees(
  trees: readonly ValuedTree[],
  start: readonly number[],
  columns: readonly InputColumn[],
  bins: readonly ColumnBins[],
): TreeEnsemble {
  const categorySizes = Int32Array.from(columns, ({ kind, size }) => (kind === 'category' ? (size ?? 0) : 0))
  const setWords = Math.ceil((Math.max(0, ...categorySizes) + 1) / 32)
  const nodes = new Int32Array(nodeNumbers * trees.reduce((sum, { tree }) => sum + tree.forks.length, 0))
  const thresholds = new Float32Array(nodes.buffer)
  const sets: number[] = []
  const roots = new Int32Array(trees.length)
  let [at, leavesBefore] = [0, 0]
  trees.forEach(({ tree, values }, index) => {
    const treeStart = at
    const childOf = (child: number): number => (child < 0 ? child - leavesBefore : treeStart + nodeNumbers * child)
    roots[index] = childOf(tree.forks.length === 0 ? -1 : 0)
    for (const { split, left, right } of tree.forks) {
      const { column, leftBins, lastLeftBin, unknownLeft } = split
      if (leftBins === null) {
        nodes[at] = unknownLeft ? column : column + columns.length
        thresholds[at + 1] = (bins[column] as ColumnBins).edges[lastLeftBin - 1] ?? unbounded
      } else {
        nodes[at] = -1 - column
        nodes[at + 1] = sets.length
        sets.push(...categorySet(leftBinsOf(split), (bins[column] as ColumnBins).binOfCode as Uint8Array, setWords))
      }
      nodes[at + 2] = childOf(left)
      nodes[at + 3] = childOf(right)
      at += nodeNumbers
    }
    leavesBefore += values.length
  })
  return {
    vectorWidth: columns.length,
    categorySizes,
    start: Float64Array.from(start),
    roots,
    nodes,
    thresholds,
    sets: Uint32Array.from(sets),
    setWords,
    leaves: Float32Array.from(trees.flatMap(({ values }) => values.flat())),
    leafRows: Int32Array.from(trees.flatMap(({ rows }) => rows)),
  }
}

function categorySet(goesLeft: Uint8Array, binOfCode: Uint8Array, words: number): Uint32Array {
  const set = new Uint32Array(words)
  const add = (bit: number): void => {
    set[bit >> 5] = ((set[bit >> 5] as number) | (1 << (bit & 31))) >>> 0
  }
  if (goesLeft[0] === 1) add(0)
  binOfCode.forEach((bin, code) => {
    if (goesLeft[bin] === 1) add(code + 1)
  })
  return set
}

/**
 * Vectors as trees read them, rows × 2 × width: each number twice, with what is unknown below everything (forks that send it left read
 * there) and above everything (forks that send it right); of a category its code + 1, or 0.
 */
export function prepareRows({ vectorWidth, categorySizes }: TreeEnsemble, vectors: Float32Array): Float32Array {
  const prepared = new Float32Array(2 * vectors.length)
  for (let from = 0, to = 0; from < vectors.length; from += vectorWidth, to += 2 * vectorWidth) {
    for (let column = 0; column < vectorWidth; column++) {
      const value = vectors[from + column] as number
      const size = categorySizes[column] as number
      if (size > 0) prepared[to + column] = value >= 0 && value < size ? Math.floor(value) + 1 : 0
      else {
        const isKnown = value - value === 0
        prepared[to + column] = isKnown ? value : Number.NEGATIVE_INFINITY
        prepared[to + vectorWidth + column] = isKnown ? value : Number.POSITIVE_INFINITY
      }
    }
  }
  return prepared
}

/** Whether a prepared row that starts at `row` goes left at the fork at `place`. */
export function goesLeft({ nodes, thresholds, sets }: TreeEnsemble, place: number, prepared: Float32Array, row: number): boolean {
  const slot = nodes[place] as number
  if (slot >= 0) return (prepared[row + slot] as number) <= (thresholds[place + 1] as number)
  const bit = prepared[row - 1 - slot] as number
  return (((sets[(nodes[place + 1] as number) + (bit >> 5)] as number) >>> (bit & 31)) & 1) === 1
}

/** So many rows are walked together: their numbers and a tree stay in the processor's cache. */
const blockRows = 128

/**
 * Forecasts, rows × outputs. A row's sum is made in the order of trees whatever rows are beside it, so its forecast is the same to the
 * bit.
 */
export function predictTrees(ensemble: TreeEnsemble, vectors: Float32Array): Float64Array {
  const { vectorWidth, start } = ensemble
  const outputs = start.length
  const rows = vectors.length / vectorWidth
  const forecasts = new Float64Array(rows * outputs)
  for (let row = 0; row < rows; row += blockRows) {
    const until = Math.min(rows, row + blockRows)
    walkTrees(ensemble, vectors.subarray(row * vectorWidth, until * vectorWidth), forecasts.subarray(row * outputs, until * outputs))
  }
  return forecasts
}

function walkTrees(ensemble: TreeEnsemble, vectors: Float32Array, forecasts: Float64Array): void {
  const { vectorWidth, start, roots, nodes, leaves } = ensemble
  const outputs = start.length
  const prepared = prepareRows(ensemble, vectors)
  for (let at = 0; at < forecasts.length; at += outputs) forecasts.set(start, at)
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree] as number
    for (let row = 0, at = 0; at < forecasts.length; row += 2 * vectorWidth, at += outputs) {
      let child = root
      while (child >= 0) child = nodes[child + (goesLeft(ensemble, child, prepared, row) ? 2 : 3)] as number
      const leaf = (-1 - child) * outputs
      for (let output = 0; output < outputs; output++) {
        forecasts[at + output] = (forecasts[at + output] as number) + (leaves[leaf + output] as number)
      }
    }
  }
}
