import { beforeAll, describe, expect, test } from 'vitest'
import { fitDemandHead } from '#lib/model/heads/demand-head.ts'
import { fitExitHead } from '#lib/model/heads/exit-head.ts'
import { headColumns } from '#lib/model/heads/head-inputs.ts'
import type { Heads } from '#lib/model/heads/heads.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { openBundle, readBundle, type SealedBundle, saveBundle, sealBundle } from './bundle.ts'
import { type TrainedModel, trainModel } from './trained-model.ts'

const columns = [{ name: 'pool.median', kind: 'number' }] as const
const random = createRandom(1)
const noise = (count: number): Float64Array => Float64Array.from({ length: count }, () => random.uniform())
const content = {
  featureSet: { name: 'test', hash: 'f'.repeat(64) },
  source: 'synthetic',
  dataset: { id: 'd', rows: 900 },
  trainedFrom: 1_000,
  trainedUntil: 2_000,
  metrics: {},
  training: {},
} as const

const examples = (rows: number) => ({
  vectors: Float32Array.from(noise(rows)),
  levels: new Float64Array(rows),
  logPrices: noise(rows),
})
const purchases = (rows: number) => ({
  inputs: Float32Array.from(noise(rows * headColumns.length)),
  quantilesUsd: Float64Array.from({ length: rows * 5 }, (_, index) => 10 + (index % 5)),
  asksUsd: noise(rows).map((value) => 12 * value),
  exitsUsd: noise(rows).map((value) => 1 + 12 * value),
})

async function noisyHeads(): Promise<Heads> {
  const rows = 300
  return {
    exit: await fitExitHead(purchases(rows), () => true, 1),
    demand: await fitDemandHead(
      {
        inputs: Float32Array.from(noise(rows * headColumns.length)),
        logRatios: new Float64Array(rows),
        logPaces: noise(rows),
        watchedHours: new Float64Array(rows * 4).fill(1),
        soldIn: new Int8Array(rows),
      },
      1,
    ),
  }
}

describe('heads in a bundle', () => {
  let model: TrainedModel
  let heads: Heads

  beforeAll(async () => {
    const blocks = { fit: examples(300), stopping: examples(100), newest: examples(100) }
    model = (await trainModel(createTreeFamily({ rounds: 3 }), blocks, { columns, anchor: 'pool.median', seed: 1 })).model
    heads = await noisyHeads()
  }, 60_000)

  const throughStore = async (bundle: SealedBundle): Promise<SealedBundle> => {
    const store = createMemoryStore()
    await saveBundle(store, bundle)
    return readBundle(store, bundle.modelId)
  }
  const asked = { vectors: Float32Array.of(0.3, 0.7), levels: new Float64Array(2) }
  const answersOf = (bundle: SealedBundle) => {
    const { predict, ask } = openBundle(bundle)
    const forecasts = predict(asked.vectors, asked.levels)
    const alike = [{ usd: [9, 14], watchedHours: 50 }, null]
    return { forecasts, answers: ask?.({ ...asked, forecasts, asksUsd: Float64Array.of(0.1, 5), alike }) }
  }

  test('say the same once they were stored and read', async () => {
    const bundle = sealBundle({ ...model, heads }, content)
    const { answers } = answersOf(await throughStore(bundle))
    expect(answers).toEqual(answersOf(bundle).answers)
    expect(answers?.exitUsd).toHaveLength(10)
    expect(answers?.demandRates).toHaveLength(8)
    expect([...(answers?.exitUsd ?? []), ...(answers?.demandRates ?? [])].every(Number.isFinite)).toBe(true)
  })

  test('a bundle without says as before, and has nothing in it that tells of heads', async () => {
    const without = sealBundle(model, content)
    expect(Object.keys(JSON.parse(without.manifestBytes.toString()))).not.toContain('heads')
    expect([...without.files.keys()]).toEqual(['weights.bin'])
    const { forecasts, answers } = answersOf(await throughStore(without))
    expect(answers).toBeUndefined()
    expect(forecasts).toEqual(answersOf(sealBundle({ ...model, heads }, content)).forecasts)
  })

  test('one of the two may be missing; bytes that do not fit are refused', async () => {
    const { answers } = answersOf(await throughStore(sealBundle({ ...model, heads: { exit: heads.exit, demand: null } }, content)))
    expect(answers).toMatchObject({ demandRates: null })
    const bundle = sealBundle({ ...model, heads }, content)
    const short = new Map(bundle.files).set('heads.bin', (bundle.files.get('heads.bin') as Buffer).subarray(4))
    expect(() => openBundle({ ...bundle, files: short })).toThrow(/expected \d+ bytes of heads/)
  })
})
