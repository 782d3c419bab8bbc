import { axieFeatures } from '#lib/features/axie-v1.ts'
import { inputColumnsOf } from '#lib/features/feature-set.ts'
import { type BundleContent, type SealedBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { trainModel } from '#lib/model/bundle/trained-model.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import { createRandom } from '#lib/numbers/random.ts'

/** A model that learnt noise, in no time: for tests of everything but its forecasts. */
export async function smallModel(seed: number, change: Partial<BundleContent> = {}): Promise<SealedBundle> {
  const random = createRandom(seed)
  const columns = inputColumnsOf(axieFeatures)
  const examples = (rows: number): Examples => ({
    vectors: Float32Array.from({ length: rows * columns.length }, () => random.normal()),
    levels: new Float64Array(rows).fill(3.4),
    logPrices: Float64Array.from({ length: rows }, () => 3.4 + random.normal()),
  })
  const blocks = { fit: examples(200), stopping: examples(50), newest: examples(50) }
  const { model } = await trainModel(createTreeFamily({ rounds: 3 }), blocks, { columns, anchor: axieFeatures.anchor, seed })
  return sealBundle(model, {
    featureSet: { name: axieFeatures.name, hash: axieFeatures.hash },
    source: 'synthetic',
    dataset: { id: 'noise', rows: 300 },
    trainedFrom: 0,
    trainedUntil: seed,
    metrics: { medianApe: 0.5 },
    training: {},
    ...change,
  })
}
