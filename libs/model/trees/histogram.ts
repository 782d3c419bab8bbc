import type { BinnedRows } from './column-bins.ts'

/** Per bin the sum of gradients and the number of rows (by weight: a row of weight 2 is two), as pairs: all a split is chosen by. */
export type Histogram = Float64Array

/** Where the columns that a tree may use stand in its histograms. */
export type HistogramLayout = Readonly<{ columns: Int32Array; offsets: Int32Array; length: number }>

export function layoutHistogram(binned: BinnedRows, columns: Int32Array): HistogramLayout {
  let length = 0
  const offsets = columns.map((column) => {
    const offset = length
    length += 2 * (binned.columns[column]?.binCount ?? 0)
    return offset
  })
  return { columns, offsets, length }
}

/**
 * Counts `rows` into `histogram`, which is cleared first.
 * @param gradients of each row of `binned` its gradient and its weight, as pairs
 * @param gathered room for as many pairs as there are rows: theirs are gathered once and read for every column
 */
export function fillHistogram(
  { rows: rowCount, bins }: BinnedRows,
  { columns, offsets }: HistogramLayout,
  rows: Int32Array,
  gradients: Float64Array,
  gathered: Float64Array,
  histogram: Histogram,
): void {
  histogram.fill(0)
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number
    gathered[2 * index] = gradients[2 * row] as number
    gathered[2 * index + 1] = gradients[2 * row + 1] as number
  }
  for (let index = 0; index < columns.length; index++) {
    const from = (columns[index] as number) * rowCount
    addColumn(bins.subarray(from, from + rowCount), rows, gathered, histogram, offsets[index] as number)
  }
}

/** The loop that training spends its time in. */
function addColumn(bins: Uint8Array, rows: Int32Array, gradients: Float64Array, histogram: Histogram, offset: number): void {
  for (let index = 0; index < rows.length; index++) {
    const at = offset + 2 * (bins[rows[index] as number] as number)
    histogram[at] = (histogram[at] as number) + (gradients[2 * index] as number)
    histogram[at + 1] = (histogram[at + 1] as number) + (gradients[2 * index + 1] as number)
  }
}

/** What is left of a parent when one child's rows are taken out is the other child: `parent` becomes that. */
export function subtractHistogram(parent: Histogram, child: Histogram): void {
  for (let index = 0; index < parent.length; index++) parent[index] = (parent[index] as number) - (child[index] as number)
}

/** Keeps histograms for those to come: a tree needs as many as it has open leaves, and the next tree as many again. */
export type HistogramPool = Readonly<{ take(length: number): Histogram; giveBack(histogram: Histogram): void }>

export function createHistogramPool(): HistogramPool {
  const spare: ArrayBufferLike[] = []
  return {
    take(length) {
      const bytes = length * Float64Array.BYTES_PER_ELEMENT
      const place = spare.findLastIndex(({ byteLength }) => byteLength >= bytes)
      if (place >= 0) return new Float64Array(spare.splice(place, 1)[0] as ArrayBufferLike, 0, length)
      // Each tree draws other columns: with some room to spare a histogram serves most of them.
      return new Float64Array(new ArrayBuffer(Math.ceil(length * 1.5) * Float64Array.BYTES_PER_ELEMENT), 0, length)
    },
    giveBack: ({ buffer }) => void spare.push(buffer),
  }
}
