import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { RetryableError } from '#lib/errors/errors.ts'
import { type SealedBundle, saveBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { trainModel } from '#lib/model/bundle/trained-model.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { defaultNetworkTraining } from '#lib/model/network/train-network.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createModelCache } from './model-cache.ts'

async function tinyBundle(seed: number): Promise<SealedBundle> {
  const random = createRandom(seed)
  const examples = (rows: number): Examples => ({
    vectors: Float32Array.from({ length: rows }, () => random.normal()),
    levels: new Float64Array(rows),
    logPrices: Float64Array.from({ length: rows }, () => random.normal()),
  })
  const family = createDenseFamily({ ...defaultNetworkTraining, epochs: 1, hidden: [4, 4] })
  const blocks = { fit: examples(300), stopping: examples(50), newest: examples(50) }
  const columns = [{ name: 'pooled', kind: 'relative' }] as const
  const { model } = await trainModel(family, blocks, { columns, anchor: 'pooled', seed: 1 })
  return sealBundle(model, {
    featureSet: { name: 'test', hash: 'f' },
    source: 'synthetic',
    dataset: { id: 'd', rows: 400 },
    trainedFrom: 0,
    trainedUntil: seed,
    metrics: {},
    training: {},
  })
}

let bundles: readonly SealedBundle[]

beforeAll(async () => {
  await startTensorRuntime('wasm')
  bundles = await Promise.all([1, 2, 3].map(tinyBundle))
})

async function storeWith(saved: readonly SealedBundle[]) {
  const store = createMemoryStore()
  for (const bundle of saved) await saveBundle(store, bundle)
  return store
}

const ids = () => bundles.map(({ modelId }) => modelId) as [string, string, string]

describe('models in memory', () => {
  test('are read from the store once, however often they are asked for', async () => {
    const store = await storeWith(bundles)
    const get = vi.spyOn(store, 'get')
    const cache = createModelCache({ store, capacity: 2 })
    const [first] = ids()
    await Promise.all([cache.load([first, first]), cache.load([first])])
    await cache.load([first])
    expect(get).toHaveBeenCalledTimes(2)
    expect(cache.get(first)).toMatchObject({ trainedUntil: 1, vectorWidth: 1, source: 'synthetic' })
  })

  test('the one least recently asked for makes room, and gives its tensors back', async () => {
    const cache = createModelCache({ store: await storeWith(bundles), capacity: 2 })
    const [first, second, third] = ids()
    await cache.load([first])
    await cache.load([second])
    await cache.load([first])
    const tensors = tf.memory().numTensors
    await cache.load([third])
    expect(cache.get(second)).toBeUndefined()
    expect(cache.get(first)).toBeDefined()
    expect(tf.memory().numTensors).toBe(tensors)
  })

  test('all that one batch names stay, even beyond the capacity', async () => {
    const cache = createModelCache({ store: await storeWith(bundles), capacity: 2 })
    await cache.load(ids())
    for (const modelId of ids()) expect(cache.get(modelId)).toHaveProperty('predict')
  })

  test('a missing bundle is a refusal, until it is published after all', async () => {
    const store = await storeWith([])
    const refused: string[] = []
    const cache = createModelCache({ store, capacity: 2, onRefused: ({ code }) => refused.push(code) })
    const [first] = ids()
    await cache.load([first])
    expect(cache.get(first)).toMatchObject({ code: 'model_missing' })
    expect(refused).toEqual(['model_missing'])
    await saveBundle(store, bundles[0] as SealedBundle)
    await cache.load([first])
    expect(cache.get(first)).toHaveProperty('predict')
  })

  test('a store that is away is no refusal: the batch waits', async () => {
    const store = { ...(await storeWith(bundles)), get: () => Promise.reject(new RetryableError('the store is away')) }
    const cache = createModelCache({ store, capacity: 2 })
    const [first] = ids()
    await expect(cache.load([first])).rejects.toThrow(RetryableError)
    expect(cache.get(first)).toBeUndefined()
  })
})
