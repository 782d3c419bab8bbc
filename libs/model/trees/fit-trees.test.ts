import { describe, expect, test } from 'vitest'
import { defaultTreeSettings, fitTrees, type TreeExamples, type TreeSettings } from './fit-trees.ts'
import { storeTrees } from './stored-trees.ts'
import { toyColumns, toys, worthOf } from './testing/toy-samples.ts'
import { predictTrees } from './tree-ensemble.ts'

const squared: TreeSettings = {
  ...defaultTreeSettings,
  objective: { kind: 'squared' },
  rounds: 150,
  learningRate: 0.1,
  columnShare: 0.8,
  fewestRowsInGroup: 50,
}
const fiveLevels = [0.05, 0.25, 0.5, 0.75, 0.95]
const quantiles: TreeSettings = { ...squared, objective: { kind: 'quantiles', levels: fiveLevels } }
const fit = toys(4_000, 1)
const later = toys(2_000, 2)
const fitted = async (examples: TreeExamples, settings: TreeSettings) => (await fitTrees(examples, toyColumns, settings)).ensemble
const rootMeanSquare = (errors: Float64Array) => Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length)

describe('boosted trees', { timeout: 60_000 }, () => {
  test('learn a curve, an interaction, what unknown means and categories without order, down to near the noise', async () => {
    const forecasts = predictTrees(await fitted(fit, squared), later.vectors)
    expect(rootMeanSquare(later.targets)).toBeGreaterThan(1)
    // Noise has a standard deviation of 0.1.
    expect(rootMeanSquare(forecasts.map((forecast, row) => forecast - (later.targets[row] as number)))).toBeLessThan(0.2)
  })

  test('a lone outlier moves the squared loss, not the absolute', async () => {
    const spoiled = { ...fit, targets: fit.targets.map((target, row) => (row % 100 === 0 ? 300 : target)) }
    const errorOf = async (objective: TreeSettings['objective']) => {
      const forecasts = predictTrees(await fitted(spoiled, { ...squared, objective }), later.vectors)
      return rootMeanSquare(forecasts.map((forecast, row) => forecast - (later.targets[row] as number)))
    }
    expect(await errorOf({ kind: 'quantiles', levels: [0.5] })).toBeLessThan(0.5)
    expect(await errorOf({ kind: 'squared' })).toBeGreaterThan(2)
  })

  test('one ensemble learns all quantiles at once: of later rows the right share lies below each', async () => {
    const noisy = (rows: number, seed: number) => toys(rows, seed, 0.5)
    const unseen = noisy(3_000, 3)
    const forecasts = predictTrees(await fitted(noisy(6_000, 4), { ...quantiles, rounds: 120 }), unseen.vectors)
    fiveLevels.forEach((level, output) => {
      const below = unseen.targets.filter((target, row) => target <= (forecasts[row * 5 + output] as number)).length / unseen.targets.length
      expect(Math.abs(below - level)).toBeLessThan(0.07)
    })
  })

  test('what trees say of rows they were grown on is what growing them added up: bins and thresholds agree', async () => {
    const { ensemble, validationLosses } = await fitTrees(fit, toyColumns, { ...quantiles, rounds: 20 }, { validation: fit })
    const forecasts = predictTrees(ensemble, fit.vectors)
    const loss = fiveLevels.reduce((sum, level, output) => {
      const errors = fit.targets.map((target, row) => target - (forecasts[row * 5 + output] as number))
      return sum + errors.reduce((total, error) => total + Math.max(level * error, (level - 1) * error), 0) / errors.length / 5
    }, 0)
    expect(loss).toBeCloseTo(validationLosses.at(-1) as number, 9)
  })

  test('a row of weight 2 teaches what two of it teach', async () => {
    // Few different values, so that bins are the same however often a value occurs; whole, so that no tree draws rows.
    const width = toyColumns.length
    const coarsened = (value: number, at: number): number =>
      toyColumns[at % width]?.kind === 'category' ? value : Math.max(-2, Math.min(2, Math.round(value)))
    const coarse = { ...fit, vectors: fit.vectors.map(coarsened) }
    // Slopes of a half are added up without rounding.
    const objective = { kind: 'quantiles', levels: [0.5] } as const
    const settings = { ...squared, objective, rounds: 10, rowShare: 1, columnShare: 1 }
    const everyThird = (row: number): boolean => row % 3 === 0
    const weights = Float32Array.from(fit.targets, (_, row) => (everyThird(row) ? 2 : 1))
    const rows = [...fit.targets.keys()].flatMap((row) => (everyThird(row) ? [row, row] : [row]))
    const doubled = {
      vectors: Float32Array.from(rows.flatMap((row) => [...coarse.vectors.subarray(row * width, (row + 1) * width)])),
      targets: Float64Array.from(rows, (row) => fit.targets[row] as number),
    }
    const forecast = async (examples: TreeExamples) => predictTrees(await fitted(examples, settings), coarse.vectors)
    expect(await forecast({ ...coarse, weights })).toEqual(await forecast(doubled))
  })

  test('same rows and seed give the same bytes, another seed gives others', async () => {
    const bytesOf = async (seed: number) => storeTrees(await fitted(fit, { ...quantiles, rounds: 15, seed })).weights
    const first = await bytesOf(1)
    expect(await bytesOf(1)).toEqual(first)
    expect(await bytesOf(2)).not.toEqual(first)
  })

  test('stop when newer rows are forecast no better, and keep the trees up to the best', async () => {
    const unrelated = { vectors: later.vectors, targets: toys(2_000, 5).targets }
    const asked: number[] = []
    const options = { validation: unrelated, onProgress: (done: number) => asked.push(done) }
    const { ensemble, validationLosses } = await fitTrees(fit, toyColumns, { ...squared, patience: 5 }, options)
    expect(asked.length).toBeLessThan(150)
    expect(validationLosses).toHaveLength(asked.length)
    expect(ensemble.roots).toHaveLength(validationLosses.indexOf(Math.min(...validationLosses)) + 1)
  })

  test('unknown and unseen values are forecast, not refused', async () => {
    const ensemble = await fitted(fit, squared)
    const [nothing, unseenMaker] = [new Float32Array(5).fill(Number.NaN), Float32Array.of(0, 0, 0, 99, 0)]
    expect(predictTrees(ensemble, nothing)[0]).toBeTypeOf('number')
    expect(Number.isFinite(predictTrees(ensemble, nothing)[0])).toBe(true)
    expect(Math.abs((predictTrees(ensemble, unseenMaker)[0] as number) - worthOf(0, 0, 0, 20))).toBeLessThan(2)
  })

  test.each([
    ['no rows', toys(0, 1)],
    ['one row', toys(1, 1)],
    ['a constant price', { ...fit, targets: fit.targets.map(() => 3) }],
  ])('%s: a constant forecast', async (_, examples) => {
    const ensemble = await fitted(examples, { ...quantiles, rounds: 3 })
    const constant = examples.targets[0] ?? 0
    expect([...predictTrees(ensemble, later.vectors.slice(0, 5))]).toEqual([constant, constant, constant, constant, constant])
  })
})
