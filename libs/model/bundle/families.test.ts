import { beforeAll, describe, expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import { type Forecaster, type ModelFamily, type TrainingTask, targetsOf } from '#lib/model/model-family.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { medianIndex, quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { familyOf, modelFamilies } from './families.ts'

const columns: readonly InputColumn[] = [
  { name: 'pool.median', kind: 'relative' },
  { name: 'class', kind: 'category', size: 3 },
  { name: 'horn', kind: 'category', size: 8 },
  { name: 'purity', kind: 'number' },
  { name: 'own.relative', kind: 'relative' },
]

/** Prices follow the pooled price, the class and the horn; its spread grows with purity. */
function market(rows: number, seed: number): Examples {
  const random = createRandom(seed)
  const vectors = new Float32Array(rows * columns.length)
  const logPrices = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const [kind, horn, purity] = [row % 3, Math.floor(random.uniform() * 8), random.uniform()]
    const worth = kind / 3 + horn / 10
    const pooled = random.uniform() < 0.1 ? Number.NaN : worth + 0.1 * random.normal()
    vectors.set([pooled, kind, horn, purity, random.uniform() < 0.7 ? Number.NaN : worth], row * columns.length)
    logPrices[row] = 3.4 + worth + (0.05 + 0.2 * purity) * random.normal()
  }
  return { vectors, levels: new Float64Array(rows).fill(3.4), logPrices }
}

const task: TrainingTask = { columns, anchor: 'pool.median', fit: market(800, 1), stopping: market(300, 2), seed: 1 }
const unseen = market(1_500, 3)

beforeAll(async () => {
  await startTensorRuntime('wasm')
})

describe.each(modelFamilies.map((family): [string, ModelFamily] => [family.kind, family]))(
  'the model family %s',
  { timeout: 60_000 },
  (_, family) => {
    let forecaster: Forecaster

    beforeAll(async () => {
      forecaster = (await family.fit(task)).forecaster
    }, 60_000)

    test('forecasts better than a constant, with quantiles that hold about their share and never cross', () => {
      const targets = targetsOf(unseen)
      const quantiles = forecaster.forecast(unseen.vectors)
      expect(quantiles).toHaveLength(targets.length * quantileCount)
      expect(quantiles.every((value, at) => at % quantileCount === 0 || value >= (quantiles[at - 1] as number))).toBe(true)
      quantileLevels.forEach((level, k) => {
        const below = targets.filter((target, row) => target <= (quantiles[row * quantileCount + k] as number)).length / targets.length
        expect(Math.abs(below - level)).toBeLessThan(0.1)
      })
      const middle = targets.toSorted()[targets.length >> 1] as number
      const error = (forecast: (row: number) => number): number =>
        targets.reduce((sum, target, row) => sum + Math.abs(target - forecast(row)), 0)
      expect(error((row) => quantiles[row * quantileCount + 2] as number)).toBeLessThan(0.75 * error(() => middle))
    })

    test('where it can say why, what it says adds up to the median', () => {
      if (forecaster.explain === null) return
      const vectors = unseen.vectors.subarray(0, 100 * columns.length)
      const effects = forecaster.explain(vectors)
      const quantiles = forecaster.forecast(vectors)
      for (let row = 0; row < 100; row++) {
        const sum = effects
          .subarray(row * (columns.length + 1), (row + 1) * (columns.length + 1))
          .reduce((total, effect) => total + effect, 0)
        expect(Math.abs(sum - (quantiles[row * quantileCount + medianIndex] as number))).toBeLessThan(1e-9)
      }
    })

    test('forecasts a row the same alone and among others', () => {
      const together = forecaster.forecast(unseen.vectors)
      for (const row of [0, 77, 1_499]) {
        const alone = forecaster.forecast(unseen.vectors.subarray(row * columns.length, (row + 1) * columns.length))
        expect([...alone]).toEqual([...together.subarray(row * quantileCount, (row + 1) * quantileCount)])
      }
      expect(forecaster.forecast(new Float32Array(0))).toHaveLength(0)
    })

    test('is the same after it was stored and restored', () => {
      const { definition, weights } = forecaster.store()
      const restored = familyOf(family.kind)?.restore({ definition: JSON.parse(JSON.stringify(definition)), weights: Buffer.from(weights) })
      expect(restored?.forecast(unseen.vectors)).toEqual(forecaster.forecast(unseen.vectors))
      expect(restored?.vectorWidth).toBe(columns.length)
      restored?.dispose()
    })

    test('refuses weights of another length, and a definition of something else', () => {
      const { definition, weights } = forecaster.store()
      expect(() => family.restore({ definition, weights: Buffer.concat([weights, Buffer.alloc(4)]) })).toThrow()
      expect(() => family.restore({ definition: {}, weights })).toThrow()
    })

    test('the same rows and seed give the same bytes', async () => {
      const again = (await family.fit(task)).forecaster
      expect(again.store()).toEqual(forecaster.store())
      again.dispose()
    }, 60_000)

    test('knows what to say of a row of which nothing is known', () => {
      expect(forecaster.forecast(new Float32Array(columns.length).fill(Number.NaN)).every(Number.isFinite)).toBe(true)
    })
  },
)
