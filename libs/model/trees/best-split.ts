import type { ColumnBins } from './column-bins.ts'
import type { Histogram } from './histogram.ts'

export type SplitSettings = Readonly<{
  /** Both sides of a split keep at least this many rows. */
  fewestRowsInLeaf: number
  /** Added to the number of rows where a leaf's gain and value are computed: small leaves are believed less. */
  l2: number
  /** A split must gain more than this. */
  leastGain: number
  /** Categories: added to the rows when they are sorted by mean gradient, and fewest rows of one that may move a split. */
  categorySmoothing: number
  /** Categories: added to `l2` for their splits, which have more freedom to fit noise. */
  categoryL2: number
  /** Categories: at most this many on the smaller side. */
  mostCategories: number
  /** Categories: this many rows must be added between two candidate splits. */
  fewestRowsInGroup: number
}>

/** Which rows go left. */
export type Split = Readonly<{
  column: number
  gain: number
  /** For a number: bins up to this one go left, but for bin 0. -1 for a category. */
  lastLeftBin: number
  /** Where bin 0 goes. */
  unknownLeft: boolean
  /** For a category: the bins that go left, else null. */
  leftBins: readonly number[] | null
}>

/** Sums over the rows of a leaf. Rows are counted by weight everywhere here: a row of weight 2 is two. */
export type LeafSums = Readonly<{ gradient: number; rows: number }>

const score = (gradient: number, rows: number, l2: number): number => (gradient * gradient) / (rows + l2)

/** Best split of one column, or null where none gains more than `leastGain` and `best`, the gain of another column's split. */
export function bestSplitOf(
  column: number,
  bins: ColumnBins,
  histogram: Histogram,
  offset: number,
  sums: LeafSums,
  settings: SplitSettings,
  best: number,
): Split | null {
  const parent = score(sums.gradient, sums.rows, settings.l2)
  const search = { histogram, offset, binCount: bins.binCount, sums, settings, least: parent + Math.max(settings.leastGain, best) }
  const found = bins.binOfCode === null ? bestNumberSplit(search) : bestCategorySplit(search)
  return found === null ? null : { ...found, column, gain: found.score - parent }
}

/** `least` is what the scores of both sides together must exceed. */
type Search = Readonly<{
  histogram: Histogram
  offset: number
  binCount: number
  sums: LeafSums
  settings: SplitSettings
  least: number
}>
type Found = Omit<Split, 'column' | 'gain'> & Readonly<{ score: number }>

/** Every edge between bins, with what is unknown on either side; and what is unknown against all that is known. */
function bestNumberSplit({ histogram, offset, binCount, sums, settings, least }: Search): Found | null {
  const { fewestRowsInLeaf, l2 } = settings
  const unknownGradient = histogram[offset] as number
  const unknownRows = histogram[offset + 1] as number
  let bestScore = least
  let lastLeftBin = -1
  let unknownLeft = false
  let gradient = 0
  let rows = 0
  for (let bin = 1; bin < binCount; bin++) {
    const inBin = histogram[offset + 2 * bin + 1] as number
    if (inBin === 0) continue
    gradient += histogram[offset + 2 * bin] as number
    rows += inBin
    if (sums.rows - rows < fewestRowsInLeaf) break
    if (rows >= fewestRowsInLeaf) {
      const both = score(gradient, rows, l2) + score(sums.gradient - gradient, sums.rows - rows, l2)
      if (both > bestScore) {
        bestScore = both
        lastLeftBin = bin
        unknownLeft = unknownRows === 0 && rows > sums.rows - rows
      }
    }
    const rowsWith = rows + unknownRows
    if (unknownRows > 0 && rowsWith >= fewestRowsInLeaf && sums.rows - rowsWith >= fewestRowsInLeaf) {
      const gradientWith = gradient + unknownGradient
      const both = score(gradientWith, rowsWith, l2) + score(sums.gradient - gradientWith, sums.rows - rowsWith, l2)
      if (both > bestScore) {
        bestScore = both
        lastLeftBin = bin
        unknownLeft = true
      }
    }
  }
  return lastLeftBin < 0 ? null : { score: bestScore, lastLeftBin, unknownLeft, leftBins: null }
}

const fewestForSorting = 5

/**
 * Few categories: each against all others. Many: sorted by mean gradient, every cut of that order, from both ends; for the squared loss
 * the best partition of all is among these (Fisher, On Grouping for Maximum Homogeneity, 1958).
 */
function bestCategorySplit(search: Search): Found | null {
  const { histogram, offset, binCount, settings } = search
  const rowsOf = (bin: number): number => histogram[offset + 2 * bin + 1] as number
  const present = Array.from({ length: binCount }, (_, bin) => bin).filter((bin) => rowsOf(bin) > 0)
  if (present.length < fewestForSorting) {
    const groups = present.map((bin) => [bin])
    return best(groups.map((group) => bestPrefix(search, group, settings.l2, 1)))
  }
  const meanOf = (bin: number): number => (histogram[offset + 2 * bin] as number) / (rowsOf(bin) + settings.categorySmoothing)
  const sorted = present.filter((bin) => rowsOf(bin) >= settings.categorySmoothing).sort((a, b) => meanOf(a) - meanOf(b) || a - b)
  const l2 = settings.l2 + settings.categoryL2
  return best([sorted, sorted.toReversed()].map((order) => bestPrefix(search, order, l2, settings.fewestRowsInGroup)))
}

const best = (candidates: readonly (Found | null)[]): Found | null =>
  candidates.reduce((kept, found) => (found !== null && (kept === null || found.score > kept.score) ? found : kept), null)

/** The best number of categories, from the start of `order`, to send left. */
function bestPrefix(search: Search, order: readonly number[], l2: number, fewestRowsInGroup: number): Found | null {
  const { histogram, offset, sums, settings } = search
  const most = Math.min(settings.mostCategories, Math.ceil(order.length / 2))
  let [bestScore, length] = [search.least, 0]
  let [gradient, rows, inGroup] = [0, 0, 0]
  for (let index = 0; index < most; index++) {
    const at = offset + 2 * (order[index] as number)
    gradient += histogram[at] as number
    rows += histogram[at + 1] as number
    inGroup += histogram[at + 1] as number
    const rowsRight = sums.rows - rows
    if (rowsRight < Math.max(settings.fewestRowsInLeaf, fewestRowsInGroup)) break
    if (rows < settings.fewestRowsInLeaf || inGroup < fewestRowsInGroup) continue
    inGroup = 0
    const both = score(gradient, rows, l2) + score(sums.gradient - gradient, rowsRight, l2)
    if (both > bestScore) [bestScore, length] = [both, index + 1]
  }
  if (length === 0) return null
  const leftBins = order.slice(0, length)
  return { score: bestScore, lastLeftBin: -1, unknownLeft: leftBins.includes(0), leftBins }
}
