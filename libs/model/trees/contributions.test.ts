import { beforeAll, describe, expect, test } from 'vitest'
import { createContributions } from './contributions.ts'
import { defaultTreeSettings, fitTrees } from './fit-trees.ts'
import { toyColumns, toys } from './testing/toy-samples.ts'
import { predictTrees, type TreeEnsemble } from './tree-ensemble.ts'

const rows = toys(3_000, 1)
const width = toyColumns.length
const [size, lastPrice, , maker, weather] = [0, 1, 2, 3, 4] as const
const objective = { kind: 'quantiles', levels: [0.25, 0.5, 0.75] } as const
const median = 1
let ensemble: TreeEnsemble

beforeAll(async () => {
  ensemble = (await fitTrees(rows, toyColumns, { ...defaultTreeSettings, objective, rounds: 150, learningRate: 0.1, columnShare: 1 }))
    .ensemble
})

const column = (contributions: Float64Array, place: number) => contributions.filter((_, index) => index % (width + 1) === place)
const meanSize = (values: Float64Array) => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length

describe('contributions of columns', { timeout: 60_000 }, () => {
  test.each([0, 1, 2])('of a row they add up to its forecast (output %i)', (output) => {
    const forecasts = predictTrees(ensemble, rows.vectors)
    const contributions = createContributions(ensemble, output)(rows.vectors)
    for (let row = 0; row < rows.targets.length; row++) {
      const sum = contributions.subarray(row * (width + 1), (row + 1) * (width + 1)).reduce((total, value) => total + value, 0)
      expect(Math.abs(sum - (forecasts[row * 3 + output] as number))).toBeLessThan(1e-9)
    }
  })

  test('are about nothing on average: the base is the mean forecast', () => {
    const contributions = createContributions(ensemble, median)(rows.vectors)
    const forecasts = predictTrees(ensemble, rows.vectors).filter((_, index) => index % 3 === median)
    const mean = forecasts.reduce((sum, value) => sum + value, 0) / forecasts.length
    expect(contributions[width]).toBeCloseTo(mean, 1)
  })

  test('tell what a forecast follows from what it does not', () => {
    const contributions = createContributions(ensemble, median)(rows.vectors)
    expect(meanSize(column(contributions, weather))).toBeLessThan(0.05)
    for (const place of [size, lastPrice, maker]) expect(meanSize(column(contributions, place))).toBeGreaterThan(0.2)
  })

  test('go the way of their column: a higher last price, more; an unknown one has its own say', () => {
    const explain = createContributions(ensemble, median)
    const priced = (price: number) => explain(Float32Array.of(0, price, 0, 3, 0))[lastPrice] as number
    expect(priced(1.5)).toBeGreaterThan(priced(0) + 0.5)
    expect(priced(-1.5)).toBeLessThan(priced(0) - 0.5)
    expect(priced(Number.NaN)).toBeLessThan(priced(0))
  })

  test('of one tree with one fork: all is of that column', async () => {
    const { ensemble: stump } = await fitTrees(rows, toyColumns, { ...defaultTreeSettings, rounds: 1, mostLeaves: 2, columnShare: 1 })
    const contributions = createContributions(stump, 0)(rows.vectors.subarray(0, width))
    const used = [...contributions.subarray(0, width)].filter((value) => value !== 0)
    expect(used).toHaveLength(1)
    expect((contributions[width] as number) + (used[0] as number)).toBeCloseTo(
      predictTrees(stump, rows.vectors.subarray(0, width))[0] as number,
      12,
    )
  })
})
