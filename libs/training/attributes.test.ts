import { expect, test } from 'vitest'
import { profileOf } from '#lib/axie/profile.ts'
import { type ItemVector, itemVector, plainItemVector } from '#lib/features/item-vector.ts'
import { payloadOf } from '#lib/market/event.ts'
import { fitItemEffects, type ItemEffects } from '#lib/model/item/item-effects.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { ItemProfile, ProfileAttributes, Sale } from '#schemas/types.ts'
import { itemSalesOf } from './item-sales.ts'
import { recipeOf } from './recipe.ts'
import { forecastNewest, withoutAttributes } from './testing/ablation.ts'
import { someSales } from './testing/sales-samples.ts'
import { specialSales } from './testing/special-sales.ts'
import { defaultTrainingSettings, fastTrainingSettings, type TrainingSettings } from './training-settings.ts'

const itemModel = { ...fastTrainingSettings.itemModel, fewestEras: 2 }

test('where all attributes are unknown, forecasts equal those of the old feature set to the byte', async () => {
  const settings: TrainingSettings = {
    members: ['trees', 'dense'],
    itemModel: { ...itemModel, trees: { ...itemModel.trees, rounds: 12, learningRate: 0.5 } },
    trees: { ...fastTrainingSettings.trees, rounds: 12, tailRounds: 4 },
    network: { ...defaultTrainingSettings.network, epochs: 2 },
  }
  await startTensorRuntime('wasm')
  const sales = someSales(500, 1, 300)
  const old = await forecastNewest(sales, withoutAttributes(settings), 1)
  const now = await forecastNewest(sales, recipeOf(settings), 1)
  expect(now.quantilesUsd.length).toBeGreaterThan(0)
  expect(now.quantilesUsd).toEqual(old.quantilesUsd)
}, 60_000)

test('where premiums are paid for title, level and evolution, the item model learns them; the old one cannot', async () => {
  const sales = specialSales(3_000, { seed: 1, specialShare: 0.4 })
  const plain = sales.map((event) => profileOf((payloadOf(event).value as Sale).item)).find(({ attributes }) => attributes?.level === 1)
  const learn = async (vector: ItemVector) => (await fitItemEffects(itemSalesOf(sales, vector), itemModel, 1)) as ItemEffects
  const [old, now] = [await learn(plainItemVector), await learn(itemVector)]
  const premium = ({ effectOf }: ItemEffects, change: Partial<ProfileAttributes>): number => {
    const axie = { ...(plain as ItemProfile), attributes: { ...(plain?.attributes as ProfileAttributes), title: '', evolvedParts: 0 } }
    const changed = { ...axie, attributes: { ...axie.attributes, ...change } }
    return effectOf(changed, Number.POSITIVE_INFINITY) - effectOf(axie, Number.POSITIVE_INFINITY)
  }
  for (const change of [{ title: 'origin' }, { level: 40, onchainLevel: 40 }, { evolvedParts: 3 }]) {
    expect(premium(old, change), JSON.stringify(change)).toBe(0)
    expect(premium(now, change), JSON.stringify(change)).toBeGreaterThan(0.1)
  }
}, 60_000)
