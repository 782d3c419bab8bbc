import { beforeAll, describe, expect, test } from 'vitest'
import { RetryableError } from '#lib/errors/errors.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { axieResidualFeatures } from '#lib/features/axie-v2.ts'
import { plainItemVector } from '#lib/features/item-vector.ts'
import { modelPromotedEvent } from '#lib/market/event.ts'
import { type BundleContent, bundleKey, type SealedBundle, saveBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { trainModel } from '#lib/model/bundle/trained-model.ts'
import { defaultItemEffectSettings, fitItemEffects } from '#lib/model/item/item-effects.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { itemSalesOf } from '#lib/training/item-sales.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createEnricherProcessor } from './enricher.ts'
import { createItemModelCache, type ItemModelCacheOptions } from './item-model-cache.ts'

const sales = someSales(900, 1)
const start = sales[0]?.observedAt as number

const promotion = (modelId: string, featureSetHash: string, observedAt = start): MarketEvent =>
  modelPromotedEvent({ modelId, featureSetHash, reason: 'test' }, { observedAt, origin: 'live', source: 'synthetic' })

async function bundleOf(featureSet: { name: string; hash: string }, withItemModel: boolean): Promise<SealedBundle> {
  const examples = (rows: number) => ({
    vectors: Float32Array.from({ length: rows }, (_, row) => row % 7),
    levels: new Float64Array(rows),
    logPrices: Float64Array.from({ length: rows }, (_, row) => row % 7),
  })
  const blocks = { fit: examples(200), stopping: examples(50), newest: examples(50) }
  const { model } = await trainModel(createTreeFamily({ rounds: 2 }), blocks, {
    columns: [{ name: 'x', kind: 'relative' }],
    anchor: 'x',
    seed: 1,
  })
  const itemModel = { ...defaultItemEffectSettings, trees: { ...defaultItemEffectSettings.trees, rounds: 5 } }
  const effects = withItemModel ? await fitItemEffects(itemSalesOf(sales, plainItemVector), itemModel, 1) : null
  const dataset = { id: featureSet.hash, rows: 1 }
  const content: BundleContent = { featureSet, source: 'synthetic', dataset, trainedFrom: 0, trainedUntil: 1, metrics: {}, training: {} }
  return sealBundle(model, content, effects)
}

let [first, second]: SealedBundle[] = []

beforeAll(async () => {
  first = await bundleOf(axieResidualFeatures, true)
  second = await bundleOf(axieFeatures, false)
})

const { hash } = axieResidualFeatures
const idOf = (bundle: SealedBundle | undefined): string => (bundle as SealedBundle).modelId

/** The enricher's fold, fed as the runner feeds it: what a batch promotes is loaded before it. */
async function enricher(store = createMemoryStore(), carry: unknown = undefined, options: Partial<ItemModelCacheOptions> = {}) {
  const itemModels = createItemModelCache({ store, ...options })
  const from = { offset: 0, clock: null, carry: carry === undefined ? undefined : JSON.stringify(carry) }
  const processor = createEnricherProcessor({ itemModels, onBegin: itemModels.begin })
  const fold = createFold(processor, from)
  return {
    store,
    async feed(events: readonly MarketEvent[]) {
      await itemModels.load(events)
      return fold.apply(
        events.map((value, offset) => ({
          value,
          record: { topic: 'market.events', partition: 0, offset, timestamp: 0, key: null, headers: {} },
        })),
      )
    },
  }
}

const codesOf = (results: readonly { type: string; code?: string }[]) => results.map((result) => result.code ?? result.type)

describe('item models of promoted models', () => {
  test('are there before the fold needs them: with the promotion, and where a state begins under a model', async () => {
    const { store, feed } = await enricher()
    await saveBundle(store, first as SealedBundle)
    expect(codesOf(await feed([promotion(idOf(first), hash), ...sales.slice(0, 5)]))).not.toContain('model_missing')
    const resumed = await enricher(store, { modelId: idOf(first), featureSetHash: hash, rulesHash: null })
    expect(codesOf(await resumed.feed(sales.slice(0, 5)))).toEqual(Array.from({ length: 5 }, () => 'skip'))
  })

  test('a model that brings none is fine', async () => {
    const { store, feed } = await enricher()
    await saveBundle(store, second as SealedBundle)
    expect(codesOf(await feed([promotion(idOf(second), axieFeatures.hash)]))).toEqual(['skip'])
  })

  test('a promotion of what is missing, damaged or says other features is a dead letter; the market goes on', async () => {
    const { store, feed } = await enricher()
    expect(codesOf(await feed([promotion(idOf(first), hash), ...sales.slice(0, 2)]))).toEqual(['model_missing', 'skip', 'skip'])
    await store.putIfAbsent(bundleKey(idOf(first), 'item-model.bin'), Buffer.from('damaged'))
    await saveBundle(store, first as SealedBundle)
    expect(codesOf(await feed([promotion(idOf(first), hash, start + 1)]))).toEqual(['model_corrupt'])
    await saveBundle(store, second as SealedBundle)
    expect(codesOf(await feed([promotion(idOf(second), hash, start + 2)]))).toEqual(['feature_set_mismatch'])
    expect(codesOf(await feed([promotion(idOf(second), axieFeatures.hash, start + 3)]))).toEqual(['skip'])
  })

  test('at most so many stay, and those that a batch is about to ask for', async () => {
    const store = createMemoryStore()
    for (const bundle of [first, second]) await saveBundle(store, bundle as SealedBundle)
    const loaded: string[] = []
    const carry = { modelId: idOf(first), featureSetHash: hash, rulesHash: null }
    const { feed } = await enricher(store, carry, { capacity: 1, onLoaded: (modelId) => void loaded.push(modelId) })
    const featureSets = new Map([
      [first, hash],
      [second, axieFeatures.hash],
    ])
    const promoted = (bundle: SealedBundle | undefined, at: number) =>
      promotion(idOf(bundle), featureSets.get(bundle) as string, start + at)

    // The sale asks for the model in force, the promotion for its own.
    expect(codesOf(await feed([sales[0] as MarketEvent, promoted(second, 1)]))).toEqual(['skip', 'skip'])
    expect(loaded).toEqual([idOf(first), idOf(second)])
    await feed([promoted(second, 2)])
    expect(loaded).toHaveLength(2)
    await feed([promoted(first, 3)])
    await feed([promoted(second, 4)])
    expect(loaded.slice(2)).toEqual([idOf(first), idOf(second)])
  })

  test('a model in force that is gone from the store is waited for, and the message says so', async () => {
    const { store, feed } = await enricher(createMemoryStore(), { modelId: idOf(first), featureSetHash: hash, rulesHash: null })
    const refusal = feed(sales.slice(0, 2))
    await expect(refusal).rejects.toThrow(RetryableError)
    await expect(refusal).rejects.toThrow('It is in force, so the market waits for it')
    await saveBundle(store, first as SealedBundle)
    expect(codesOf(await feed(sales.slice(0, 2)))).toEqual(['skip', 'skip'])
  })

  test('no longer, once another state has begun that does without it', async () => {
    const itemModels = createItemModelCache({ store: createMemoryStore() })
    itemModels.begin({ modelId: idOf(first), featureSetHash: hash })
    await expect(itemModels.load(sales.slice(0, 2))).rejects.toThrow(RetryableError)
    itemModels.begin(null)
    await itemModels.load(sales.slice(0, 2))
  })
})
