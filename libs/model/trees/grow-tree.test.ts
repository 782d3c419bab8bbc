import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { binRows, fitColumnBins } from './column-bins.ts'
import { defaultTreeSettings } from './fit-trees.ts'
import { growTree, leftBinsOf } from './grow-tree.ts'
import { createHistogramPool, fillHistogram, layoutHistogram, subtractHistogram } from './histogram.ts'
import { toyColumns, toys } from './testing/toy-samples.ts'

const { vectors, targets } = toys(2_000, 1)
const binned = binRows([vectors], fitColumnBins(vectors, toyColumns))
const everyRow = Int32Array.from(targets.keys())
const [grownOn, carriedOn] = [everyRow.filter((row) => row % 4 !== 0), everyRow.filter((row) => row % 4 === 0)]
const everyColumn = Int32Array.from(toyColumns.keys())
const pairs = (gradient: (row: number) => number) => Float64Array.from([...everyRow].flatMap((row) => [gradient(row), 1]))
const gradients = pairs((row) => -(targets[row] as number))
const settings = { ...defaultTreeSettings, mostLeaves: 12, fewestRowsInLeaf: 40, fewestRowsInGroup: 40 }
const grow = (over: Partial<typeof settings> = {}, columns = everyColumn) =>
  growTree(binned, gradients, { grown: grownOn, carried: carriedOn }, columns, { ...settings, ...over }, createHistogramPool())

describe('a grown tree', { timeout: 60_000 }, () => {
  test('has one leaf more than forks, each with enough rows, and every row in exactly one', () => {
    const { forks, leaves } = grow()
    expect(leaves).toHaveLength(12)
    expect(forks).toHaveLength(11)
    expect(leaves.every(({ grown }) => grown.length >= 40)).toBe(true)
    expect(leaves.flatMap(({ grown }) => [...grown]).sort((a, b) => a - b)).toEqual([...grownOn])
    expect(leaves.flatMap(({ carried }) => [...carried]).sort((a, b) => a - b)).toEqual([...carriedOn])
  })

  test('leads every row to the leaf that holds it', () => {
    const { forks, leaves } = grow()
    const leafOf = (row: number): number => {
      let child = 0
      while (child >= 0) {
        const { split, left, right } = forks[child] as (typeof forks)[number]
        child = leftBinsOf(split)[binned.bins[split.column * binned.rows + row] as number] === 1 ? left : right
      }
      return -1 - child
    }
    leaves.forEach(({ grown, carried }, leaf) => {
      for (const row of [...grown, ...carried]) expect(leafOf(row)).toBe(leaf)
    })
  })

  test('splits first what gains most: with fewer leaves it is the beginning of the same tree', () => {
    expect(grow({ mostLeaves: 5 }).forks.map(({ split }) => split)).toEqual(
      grow()
        .forks.slice(0, 4)
        .map(({ split }) => split),
    )
  })

  test('splits by no column but those it may', () => {
    const columns = grow({}, Int32Array.of(1, 4)).forks.map(({ split }) => split.column)
    expect(new Set(columns)).toEqual(new Set([1, 4]))
  })

  test('stays one leaf where nothing can be gained', () => {
    const flat = growTree(
      binned,
      pairs(() => 0),
      { grown: grownOn, carried: carriedOn },
      everyColumn,
      settings,
      createHistogramPool(),
    )
    expect(flat.forks).toHaveLength(0)
    expect(flat.leaves).toHaveLength(1)
  })
})

describe('histograms', { timeout: 60_000 }, () => {
  test("a parent's less one child's is the other child's", () => {
    const random = createRandom(7)
    const layout = layoutHistogram(binned, everyColumn)
    const count = (rows: Int32Array) => {
      const histogram = new Float64Array(layout.length)
      fillHistogram(binned, layout, rows, gradients, new Float64Array(2 * rows.length), histogram)
      return histogram
    }
    const inLeft = everyRow.map(() => (random.uniform() < 0.3 ? 1 : 0))
    const rest = count(everyRow)
    subtractHistogram(rest, count(everyRow.filter((row) => inLeft[row] === 1)))
    const counted = count(everyRow.filter((row) => inLeft[row] === 0))
    expect(rest.every((value, index) => Math.abs(value - (counted[index] as number)) < 1e-9)).toBe(true)
  })
})
