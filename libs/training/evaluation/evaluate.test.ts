import { describe, expect, test } from 'vitest'
import { axieResidualFeatures } from '#lib/features/axie-v2.ts'
import { plainItemVector } from '#lib/features/item-vector.ts'
import { payloadOf } from '#lib/market/event.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import type { Recipe } from '#lib/training/recipe.ts'
import { saleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { evaluate } from './evaluate.ts'

const sales = someSales(1_600, 1, 300)
const [train, test_] = [sales.slice(0, 900), sales.slice(900)]
const trees = { ...fastTrainingSettings.itemModel.trees, rounds: 8 }
const recipe: Recipe = {
  featureSet: axieResidualFeatures,
  itemModel: { vector: plainItemVector, settings: { ...fastTrainingSettings.itemModel, trees } },
  family: createTreeFamily({ rounds: 20, learningRate: 0.3 }),
}
const candidates = [{ name: 'champion', recipe, known: [] }] as const

const run = (change: object = {}) => evaluate({ train, test: test_, candidates, walkForward: false, seed: 1, ...change })

/** The same sale at another price. */
const repriced = (event: MarketEvent, usd: number): MarketEvent => {
  const { soldAt, item } = payloadOf(event).value as Sale
  return saleAt(soldAt, item, usd)
}

describe('an evaluation', { timeout: 120_000 }, () => {
  test('asks about every later sale; the model beats the rules, and says how sure it is', async () => {
    const { n, champion, models } = await run()
    expect(n).toBe(700)
    expect(champion).toBe('champion')
    const [own, constant] = [models['champion'], models['constant']]
    expect(own?.medianApe).toBeLessThan((constant?.medianApe ?? 0) / 2)
    expect(own?.coverage90).toBeGreaterThan(0.8)
    expect(Object.keys(models)).toEqual(
      expect.arrayContaining(['champion', 'last similar sale', 'median of last 8 similar', 'pooled look-alikes', 'constant']),
    )
  })

  test('fitted anew each day it asks about the same sales, once a day more', async () => {
    const frozen = await run()
    const daily = await run({ walkForward: true })
    expect(daily.n).toBe(frozen.n)
    expect(daily.folds).toBe(3)
  })

  test('says the same again, and nothing of what comes later changes an earlier forecast', async () => {
    const whole = await run()
    const again = await run()
    const timeless = ({ seconds, ...errors }: (typeof whole.models)[string]) => errors
    expect(timeless(again.models['champion'] as never)).toEqual(timeless(whole.models['champion'] as never))
    // The very last sale is seen by nothing: its price can only change its own error.
    const last = test_.at(-1) as MarketEvent
    const changed = await run({ test: [...test_.slice(0, -1), repriced(last, 500_000)] })
    expect(changed.models['champion']?.medianApe).toBeCloseTo(whole.models['champion']?.medianApe as number, 3)
  })

  test('refuses a test that begins before training ends, and too little to learn from', async () => {
    await expect(run({ test: train })).rejects.toMatchObject({ code: 'test_too_early' })
    await expect(run({ train: train.slice(0, 100) })).rejects.toMatchObject({ code: 'too_few_sales' })
    await expect(run({ test: [] })).rejects.toMatchObject({ code: 'too_few_sales' })
  })

  test('a constant price is learnt as such', async () => {
    const flat = sales.map((event) => repriced(event, 20))
    const { models } = await run({ train: flat.slice(0, 900), test: flat.slice(900) })
    expect(models['champion']?.medianApe).toBeLessThan(0.001)
    expect(models['champion']?.r2Log).toBeNaN()
  })

  test('sales of one class only are fine', async () => {
    const oneClass = sales.filter((event) => (payloadOf(event).value as Sale).item.class === 'Plant')
    const { models, n } = await run({ train: oneClass.slice(0, 400), test: oneClass.slice(400) })
    expect(n).toBe(oneClass.length - 400)
    expect(models['champion']?.medianApe).toBeLessThan(0.15)
  })
})
