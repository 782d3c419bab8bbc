import { beforeAll, describe, expect, test } from 'vitest'
import { defineFeatureSet, type Feature } from '#lib/features/feature-set.ts'
import { quantileErrors } from '#lib/model/evaluation.ts'
import type { PriceModel } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { Forecast } from '#lib/training/unseen.ts'
import { calibrationOf, errorsByClass, errorsByDay, errorsByPrice, fewestRows } from './breakdown.ts'
import { dependenceOf, importanceOf } from './probing.ts'
import { trainingPage } from './training-page.ts'

const feature = (name: string, change: Partial<Feature> = {}): Feature => ({
  name,
  kind: 'number',
  description: `what ${name} is`,
  source: name,
  read: () => 0,
  ...change,
})
const featureSet = defineFeatureSet({
  name: 'toy',
  measureSet: 'm',
  level: 'l',
  levelOf: () => 0,
  anchor: 'worth',
  features: [feature('class', { kind: 'category', values: ['plant', 'bird'] }), feature('worth'), feature('noise')],
})
const spread = [-0.4, -0.15, 0, 0.15, 0.4]

/** Says the second number of each vector, and of birds twice as much; never looks at the third. */
const model: PriceModel = {
  vectorWidth: 3,
  columnNames: ['class', 'worth', 'noise'],
  learntColumns: new Set(),
  ask: null,
  explain: null,
  dispose: () => {},
  predict: (vectors, levels) => ({
    quantilesUsd: Float64Array.from({ length: levels.length * 5 }, (_, index) => {
      const row = Math.floor(index / 5)
      const isBird = vectors[row * 3] === 1
      return Math.exp((levels[row] as number) + (vectors[row * 3 + 1] as number) + (isBird ? Math.LN2 : 0) + (spread[index % 5] as number))
    }),
    novelty: levels.map(() => 0),
  }),
}

function unseenSales(rows: number): Forecast {
  const random = createRandom(1)
  const vectors = Float32Array.from({ length: rows * 3 }, (_, index) => (index % 3 === 0 ? Math.floor(index / 3) % 2 : random.normal()))
  const levels = new Float64Array(rows).fill(Math.log(20))
  const { quantilesUsd } = model.predict(vectors, levels)
  // Paid: what the model says, off by a standard deviation that its quantiles promise.
  const logPrices = Float64Array.from(levels, (_, row) => Math.log(quantilesUsd[row * 5 + 2] as number) + 0.23 * random.normal())
  const times = Float64Array.from(levels, (_, row) => Date.UTC(2022, 3, 20) + row * 60_000 * 5)
  return { featureSet, examples: { vectors, levels, logPrices }, times, quantilesUsd, model }
}

describe('errors by group', () => {
  const unseen = unseenSales(1_000)

  test('count every sale once', () => {
    for (const groups of [errorsByClass(unseen), errorsByPrice(unseen), errorsByDay(unseen)])
      expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(1_000)
  })

  test('are named by class, by band of price from cheap to dear, by day', () => {
    expect(errorsByClass(unseen).map(({ name }) => name)).toEqual(['plant', 'bird'])
    expect(
      errorsByPrice(unseen)
        .map(({ name }) => name)
        .slice(0, 3),
    ).toEqual(['below $10', '$10 to $20', '$20 to $50'])
    expect(errorsByDay(unseen).map(({ name }) => name)).toEqual(['2022-04-20', '2022-04-21', '2022-04-22', '2022-04-23'])
  })

  test('the group of all has the errors of all', () => {
    const whole = quantileErrors(unseen.quantilesUsd, unseen.examples.logPrices)
    const [only] = errorsByDay({ ...unseen, times: unseen.times.map(() => 0) })
    expect(only).toMatchObject({ medianApe: whole.medianApe, coverage90: whole.coverage90, biasLog: whole.biasLog })
  })
})

test('calibration is the share of prices below each quantile', () => {
  for (const { level, below } of calibrationOf(unseenSales(4_000))) expect(Math.abs(level - below)).toBeLessThan(0.03)
})

describe('a model, asked', () => {
  const unseen = unseenSales(500)
  const options = { seed: 1, rows: 300 }

  test('misses what it uses, in that order, and not what it does not', () => {
    const importance = importanceOf(unseen, options)
    expect(importance.map(({ feature: name }) => name)).toEqual(['worth', 'class', 'noise'])
    expect(importance[0]?.lost).toBeGreaterThan(0.1)
    expect(importance[2]?.lost).toBe(0)
    expect(importanceOf(unseen, options)).toEqual(importance)
  })

  test('says what it makes of a category and of a number', () => {
    const byClass = dependenceOf(unseen, 'class', options).points
    expect(byClass.map(({ name }) => name).sort()).toEqual(['bird', 'plant'])
    const worthOf = (name: string) => byClass.find((point) => point.name === name)?.worth ?? 0
    expect(worthOf('bird') / worthOf('plant')).toBeCloseTo(2)
    const { points } = dependenceOf(unseen, 'worth', options)
    expect(points.map(({ worth }) => worth)).toEqual(points.map(({ worth }) => worth).sort((a, b) => a - b))
    expect(new Set(dependenceOf(unseen, 'noise', options).points.map(({ worth }) => worth)).size).toBe(1)
  })
})

describe('the page', () => {
  let text: string
  beforeAll(() => {
    const unseen = unseenSales(200)
    const errors = quantileErrors(unseen.quantilesUsd, unseen.examples.logPrices)
    text = trainingPage({
      modelId: 'toy-1',
      manifest: {
        format: 'flipstream-model-2',
        kind: 'toy',
        featureSet: { name: 'toy', hash: 'f' },
        source: 'synthetic',
        dataset: { id: 'd', rows: 1_000 },
        trainedFrom: 0,
        trainedUntil: 1,
        metrics: {},
        training: { trees: { rounds: 3 } },
        model: {},
        itemModel: null,
        files: [],
      },
      unseen,
      contenders: [
        { name: 'toy', errors },
        { name: 'constant', errors: { rows: 200, medianApe: 0.5, p95Ape: 3, biasLog: 0, r2Log: 0 } },
      ],
      learning: { step: 'tree', kept: 2, losses: [0.3, 0.2, 0.25] },
      validation: { suite: 'sales file', rows: 1_000, accepted: true, results: [], badRows: new Set() },
      leftOut: { broken: 3, duplicate: 0 },
      drifted: [{ feature: 'worth', psi: 0.4 }],
      dataDocsLink: 'data.html',
    })
  })

  test.each([
    ['the table of models and baselines', 'constant'],
    ['errors by class', 'bird'],
    ['errors by day', '2022-04-20'],
    ['calibration', 'Are the quantiles honest'],
    ['residuals', 'Residuals over time'],
    ['importance, with what each feature is', 'what worth is'],
    ['partial dependence', 'At quantiles of its values'],
    ['the learning curve', 'kept: 2 trees'],
    ['a link to the data docs', '<a href="data.html">data docs</a>'],
    ['what was left out', 'broken'],
    ['which features drifted', 'population stability index'],
    ['settings', 'trees.rounds'],
    ['that a generated market is no market', 'SIMULATED'],
  ])('holds %s', (_, words) => {
    expect(text).toContain(words)
  })

  test('does not show errors of a handful of sales', () => {
    expect(fewestRows).toBeGreaterThan(9)
    expect(text).toContain(`fewer than ${fewestRows} sales are only counted`)
    expect(text).not.toContain('NaN')
  })
})
