import type { InputColumn } from '#lib/model/input-encoding.ts'

/**
 * How the values of a column become at most 255 bins, so that trees are grown over counts instead of over sorted values.
 * Bin 0 is what is unknown: not finite, or a category that training never saw or that fell out for want of bins.
 */
export type ColumnBins = Readonly<{
  /** Bin 0 included: a bin is below this. */
  binCount: number
  /** For a number: `edges[bin - 1]` is the largest value of a bin, ascending; the last bin has no end. Empty for a category. */
  edges: Float32Array
  /** For a category: the bin of each of its codes. Null for a number. */
  binOfCode: Uint8Array | null
}>

/** The bins of some rows, column after column, so that a histogram reads one stretch of memory. */
export type BinnedRows = Readonly<{ rows: number; columns: readonly ColumnBins[]; bins: Uint8Array }>

export const maxBins = 255
/** A bin with fewer values than this teaches the noise of single rows. */
const fewestInBin = 3

/** @param vectors rows × columns.length, NaN where unknown */
export function fitColumnBins(vectors: Float32Array, columns: readonly InputColumn[]): ColumnBins[] {
  return columns.map((column, place) => {
    const values = valuesOf(vectors, columns.length, place)
    return column.kind === 'category' ? categoryBins(values, column.size ?? 0) : numberBins(values)
  })
}

/** Rows of several matrices, one below the other. */
export function binRows(matrices: readonly Float32Array[], columns: readonly ColumnBins[]): BinnedRows {
  const width = columns.length
  const rows = matrices.reduce((sum, { length }) => sum + length / width, 0)
  const bins = new Uint8Array(rows * width)
  columns.forEach((column, place) => {
    let at = place * rows
    for (const vectors of matrices) {
      const values = valuesOf(vectors, width, place)
      for (let row = 0; row < values.length; row++) bins[at++] = binOf(column, values[row] as number)
    }
  })
  return { rows, columns, bins }
}

function valuesOf(vectors: Float32Array, width: number, column: number): Float32Array {
  const values = new Float32Array(vectors.length / width)
  for (let row = 0, at = column; row < values.length; row++, at += width) values[row] = vectors[at] as number
  return values
}

function binOf({ edges, binOfCode }: ColumnBins, value: number): number {
  if (binOfCode !== null) return binOfCode[value] ?? 0
  if (!Number.isFinite(value)) return 0
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= (edges[middle] as number)) high = middle
    else low = middle + 1
  }
  return low + 1
}

/** Bins of about equally many rows; a value that fills a bin alone has one to itself. */
function numberBins(values: Float32Array): ColumnBins {
  const { distinct, counts } = countDistinct(values.filter((value) => value - value === 0).sort())
  const edges: number[] = []
  let rowsLeft = counts.reduce((sum, count) => sum + count, 0)
  let inBin = 0
  for (let index = 0; index + 1 < distinct.length; index++) {
    const binsLeft = maxBins - 1 - edges.length
    if (binsLeft <= 1) break
    inBin += counts[index] as number
    const share = Math.max(fewestInBin, distinct.length - index <= binsLeft ? 0 : rowsLeft / binsLeft)
    const nextIsHeavy = share > fewestInBin && (counts[index + 1] as number) >= share && inBin >= share / 2
    if (inBin < share && !nextIsHeavy) continue
    edges.push(between(distinct[index] as number, distinct[index + 1] as number))
    rowsLeft -= inBin
    inBin = 0
  }
  return { binCount: edges.length + 2, edges: Float32Array.from(edges), binOfCode: null }
}

function countDistinct(sorted: Float32Array): { distinct: number[]; counts: number[] } {
  const distinct: number[] = []
  const counts: number[] = []
  for (const value of sorted) {
    if (value === distinct.at(-1)) counts[counts.length - 1] = (counts.at(-1) as number) + 1
    else {
      distinct.push(value)
      counts.push(1)
    }
  }
  return { distinct, counts }
}

/** The middle, as a float32 that is still below `above`. */
function between(below: number, above: number): number {
  const middle = Math.fround(below / 2 + above / 2)
  return middle < above ? middle : below
}

/** The most frequent codes have a bin each, in the order of codes. */
function categoryBins(values: Float32Array, size: number): ColumnBins {
  const counts = new Int32Array(size)
  for (const code of values) {
    if (code >= 0 && code < size) counts[code] = (counts[code] as number) + 1
  }
  const kept = Array.from(counts.keys())
    .filter((code) => (counts[code] as number) > 0)
    .sort((a, b) => (counts[b] as number) - (counts[a] as number) || a - b)
    .slice(0, maxBins - 1)
    .sort((a, b) => a - b)
  const binOfCode = new Uint8Array(size)
  kept.forEach((code, index) => {
    binOfCode[code] = index + 1
  })
  return { binCount: kept.length + 1, edges: new Float32Array(0), binOfCode }
}
