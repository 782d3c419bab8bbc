import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bestSplitOf, type SplitSettings } from './best-split.ts'
import type { ColumnBins } from './column-bins.ts'
import { leftBinsOf } from './grow-tree.ts'

/** Rows of one column: which bin each is in, and the slope of its loss. */
type Row = Readonly<{ bin: number; gradient: number }>

const binCount = 9
const aNumber: ColumnBins = { binCount, edges: new Float32Array(binCount - 2), binOfCode: null }
const aCategory: ColumnBins = { binCount, edges: new Float32Array(0), binOfCode: new Uint8Array(binCount) }

const free: SplitSettings = {
  fewestRowsInLeaf: 1,
  l2: 0,
  leastGain: 1e-9,
  categorySmoothing: 0,
  categoryL2: 0,
  mostCategories: binCount,
  fewestRowsInGroup: 1,
}

const sum = (rows: readonly Row[]): number => rows.reduce((total, { gradient }) => total + gradient, 0)

function find(rows: readonly Row[], bins: ColumnBins, settings: SplitSettings) {
  const histogram = new Float64Array(2 * binCount)
  for (const { bin, gradient } of rows) {
    histogram[2 * bin] = (histogram[2 * bin] as number) + gradient
    histogram[2 * bin + 1] = (histogram[2 * bin + 1] as number) + 1
  }
  return bestSplitOf(0, bins, histogram, 0, { gradient: sum(rows), rows: rows.length }, settings, 0)
}

/** How much less the squared loss is when these bins have their own mean. */
function gainOf(rows: readonly Row[], goesLeft: (bin: number) => boolean, { l2, fewestRowsInLeaf }: SplitSettings): number {
  const score = (side: readonly Row[]): number => sum(side) ** 2 / (side.length + l2)
  const left = rows.filter(({ bin }) => goesLeft(bin))
  const right = rows.filter(({ bin }) => !goesLeft(bin))
  if (left.length < fewestRowsInLeaf || right.length < fewestRowsInLeaf) return Number.NEGATIVE_INFINITY
  return score(left) + score(right) - score(rows)
}

const someRows = fc.array(fc.record({ bin: fc.integer({ min: 0, max: binCount - 1 }), gradient: fc.integer({ min: -20, max: 20 }) }), {
  minLength: 2,
  maxLength: 60,
})
const bruteForce = (gains: readonly number[]): number => Math.max(0, ...gains)
const everyBin = Array.from({ length: binCount }, (_, bin) => bin)

describe('the best split of a number', { timeout: 60_000 }, () => {
  test('is the best of all edges, with what is unknown on either side', () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 8 }), fc.nat(3), (rows, fewestRowsInLeaf, l2) => {
        const settings = { ...free, fewestRowsInLeaf, l2 }
        const gains = everyBin
          .slice(1)
          .flatMap((last) => [gainOf(rows, (bin) => bin >= 1 && bin <= last, settings), gainOf(rows, (bin) => bin <= last, settings)])
        const split = find(rows, aNumber, settings)
        expect(split?.gain ?? 0).toBeCloseTo(bruteForce(gains), 8)
        if (split !== null) expect(gainOf(rows, (bin) => leftBinsOf(split)[bin] === 1, settings)).toBeCloseTo(split.gain, 8)
      }),
    )
  })

  test('where nothing is unknown yet, what will be goes with the larger side', () => {
    const rows = [1, 1, 1, 5, 5].map((bin) => ({ bin, gradient: bin }))
    expect(find(rows, aNumber, free)).toMatchObject({ lastLeftBin: 1, unknownLeft: true })
  })

  test('none where the loss cannot fall', () => {
    expect(
      find(
        [1, 2, 3, 4].map((bin) => ({ bin, gradient: 1 })),
        aNumber,
        free,
      ),
    ).toBeNull()
    expect(
      find(
        [
          { bin: 1, gradient: -1 },
          { bin: 2, gradient: 1 },
        ],
        aNumber,
        { ...free, fewestRowsInLeaf: 2 },
      ),
    ).toBeNull()
  })
})

describe('the best split of a category', { timeout: 60_000 }, () => {
  test('is the best of all ways to divide the categories, when nothing is smoothed', () => {
    fc.assert(
      fc.property(someRows, (rows) => {
        const present = new Set(rows.map(({ bin }) => bin))
        // Up to four categories are tried one against the rest, which is not every way.
        fc.pre(present.size <= 3 || present.size >= 5)
        const gains = Array.from({ length: 2 ** binCount }, (_, set) => gainOf(rows, (bin) => ((set >> bin) & 1) === 1, free))
        expect(find(rows, aCategory, free)?.gain ?? 0).toBeCloseTo(bruteForce(gains), 8)
      }),
      { numRuns: 30 },
    )
  })

  test('gains what it says, under every setting, and keeps enough rows on both sides', () => {
    const settings = fc.record({
      fewestRowsInLeaf: fc.integer({ min: 1, max: 8 }),
      categorySmoothing: fc.nat(5),
      mostCategories: fc.integer({ min: 1, max: 4 }),
    })
    fc.assert(
      fc.property(someRows, settings, (rows, some) => {
        const split = find(rows, aCategory, { ...free, ...some })
        if (split === null) return
        expect(gainOf(rows, (bin) => leftBinsOf(split)[bin] === 1, { ...free, ...some })).toBeCloseTo(split.gain, 8)
        expect(split.leftBins?.length).toBeLessThanOrEqual(some.mostCategories)
      }),
    )
  })

  test('a category too rare to be believed moves no split', () => {
    const often = (bin: number, gradient: number) => Array.from({ length: 30 }, () => ({ bin, gradient }))
    const rows = [...often(1, 1), ...often(2, 1), ...often(3, 1), ...often(4, 1.1), { bin: 5, gradient: 99 }]
    expect(find(rows, aCategory, { ...free, categorySmoothing: 10 })?.leftBins).not.toContain(5)
  })
})
