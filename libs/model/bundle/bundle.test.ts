import { beforeAll, describe, expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { defaultNetworkTraining } from '#lib/model/network/train-network.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import {
  type BundleContent,
  type BundleError,
  type BundleErrorCode,
  manifestKey,
  openBundle,
  readBundle,
  type SealedBundle,
  saveBundle,
  sealBundle,
} from './bundle.ts'
import { openModel, trainModel } from './trained-model.ts'

const columns: readonly InputColumn[] = [
  { name: 'pooled', kind: 'relative' },
  { name: 'purity', kind: 'number' },
  { name: 'class', kind: 'category', size: 3 },
]

function examples(rows: number, seed: number): Examples {
  const random = createRandom(seed)
  const vectors = Float32Array.from(Array.from({ length: rows }, (_, row) => [random.normal() / 3, random.uniform(), row % 3]).flat())
  const levels = new Float64Array(rows).fill(Math.log(30))
  const logPrices = levels.map((level, row) => level + (vectors[row * 3] as number) + 0.1 * random.normal())
  return { vectors, levels, logPrices }
}

const content: BundleContent = {
  featureSet: { name: 'test', hash: 'f'.repeat(64) },
  source: 'synthetic',
  dataset: { id: 'd'.repeat(64), rows: 900 },
  trainedFrom: 1_000,
  trainedUntil: 2_000,
  metrics: { medianApe: 0.1 },
  training: { seed: 1 },
}

const train = async () => {
  const blocks = { fit: examples(600, 1), stopping: examples(150, 2), newest: examples(150, 3) }
  const family = createDenseFamily({ ...defaultNetworkTraining, epochs: 2, hidden: [8, 4] })
  const { model } = await trainModel(family, blocks, { columns, anchor: 'pooled', seed: 1 })
  return model
}

let sealed: SealedBundle

beforeAll(async () => {
  await startTensorRuntime('wasm')
  sealed = sealBundle(await train(), content)
})

/** A store that holds the bundle, with one object's bytes changed. */
async function damaged(file: string, change: (bytes: Buffer) => Buffer | null): Promise<ObjectStore> {
  const store = createMemoryStore()
  await saveBundle(store, sealed)
  const key = `models/${sealed.modelId}/${file}`
  const bytes = change((await store.get(key)) as Buffer)
  await store.remove(key)
  if (bytes !== null) await store.putIfAbsent(key, bytes)
  return store
}

async function refusal(store: ObjectStore, modelId = sealed.modelId): Promise<{ code: BundleErrorCode; message: string }> {
  try {
    openBundle(await readBundle(store, modelId))
  } catch (error) {
    return error as BundleError
  }
  throw new Error('it was accepted')
}

describe('a model bundle', () => {
  test('loaded again it forecasts the same bytes', async () => {
    const store = createMemoryStore()
    await saveBundle(store, sealed)
    const { vectors, levels } = examples(50, 4)
    const read = await readBundle(store, sealed.modelId)
    const loaded = openBundle(read)
    const original = openModel(await train())
    expect(loaded.predict(vectors, levels)).toEqual(original.predict(vectors, levels))
    expect(read).toEqual(sealed)
  })

  test('its id is made of its content: the same training gives the same id, anything else another', async () => {
    expect(sealBundle(await train(), content).modelId).toBe(sealed.modelId)
    expect(sealBundle(await train(), { ...content, trainedUntil: 2_001 }).modelId).not.toBe(sealed.modelId)
  })

  test('the manifest is written last: a bundle cut short is a missing one', async () => {
    const store = createMemoryStore()
    const keys: string[] = []
    const watched: ObjectStore = {
      ...store,
      putIfAbsent(key, bytes) {
        keys.push(key)
        return store.putIfAbsent(key, bytes)
      },
    }
    await saveBundle(watched, sealed)
    expect(keys.at(-1)).toBe(manifestKey(sealed.modelId))
  })

  test('writing it twice is fine', async () => {
    const store = createMemoryStore()
    await saveBundle(store, sealed)
    await saveBundle(store, sealed)
    expect((await readBundle(store, sealed.modelId)).modelId).toBe(sealed.modelId)
  })

  test('a missing manifest or file is refused', async () => {
    expect(await refusal(createMemoryStore())).toMatchObject({ code: 'model_missing' })
    expect(await refusal(await damaged('weights.bin', () => null))).toMatchObject({ code: 'model_missing' })
  })

  test('one changed byte, in weights or manifest, is refused, and the message names the model and the file', async () => {
    const flip = (bytes: Buffer) => {
      bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
      return bytes
    }
    const weights = await refusal(await damaged('weights.bin', flip))
    expect(weights.code).toBe('model_corrupt')
    expect(weights.message).toContain(sealed.modelId)
    expect(weights.message).toContain('weights.bin')
    expect(await refusal(await damaged('manifest.json', flip))).toMatchObject({ code: 'model_corrupt' })
    expect(await refusal(await damaged('weights.bin', (bytes) => bytes.subarray(4)))).toMatchObject({ code: 'model_corrupt' })
  })

  test('a manifest of another format is refused as such, weights that do not fit as corrupt', async () => {
    const store = createMemoryStore()
    const future = sealBundle(await train(), { ...content, source: 'martian' as never })
    await saveBundle(store, future)
    expect(await refusal(store, future.modelId)).toMatchObject({ code: 'model_unsupported' })
    const model = await train()
    const { definition, weights } = model.forecaster.store()
    const cut = { ...model.forecaster, store: () => ({ definition, weights: weights.subarray(4) }) }
    const misfit = sealBundle({ ...model, forecaster: cut }, content)
    await saveBundle(store, misfit)
    const unknown = sealBundle({ ...model, kind: 'oracle' }, content)
    await saveBundle(store, unknown)
    expect((await refusal(store, unknown.modelId)).message).toContain('knows no models of kind oracle')
    expect(await refusal(store, misfit.modelId)).toMatchObject({ code: 'model_corrupt' })
  })

  test('vectors of another length are an error, not a forecast', async () => {
    const model = openModel(await train())
    expect(() => model.predict(new Float32Array(4), new Float64Array(1))).toThrow('1 vectors of 3')
    model.dispose()
  })
})
