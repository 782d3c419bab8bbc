import { axieFeatures } from '#lib/features/axie-v1.ts'
import { inputColumnsOf } from '#lib/features/feature-set.ts'
import { type SealedBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { trainModel } from '#lib/model/bundle/trained-model.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { defaultNetworkTraining } from '#lib/model/network/train-network.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { Source } from '#schemas/types.ts'

/** For tests that need a real bundle and no forecast worth anything: knows nothing, but prices. Needs a started tensor runtime. */
export async function smallBundle(source: Source): Promise<SealedBundle> {
  const random = createRandom(1)
  const columns = inputColumnsOf(axieFeatures)
  const examples = (rows: number): Examples => ({
    vectors: Float32Array.from({ length: rows * columns.length }, () => random.normal()),
    levels: new Float64Array(rows).fill(3.4),
    logPrices: Float64Array.from({ length: rows }, () => 3.4 + random.normal()),
  })
  const blocks = { fit: examples(400), stopping: examples(100), newest: examples(100) }
  const family = createDenseFamily({ ...defaultNetworkTraining, epochs: 1 })
  const { model } = await trainModel(family, blocks, { columns, anchor: axieFeatures.anchor, seed: 1 })
  return sealBundle(model, {
    featureSet: { name: axieFeatures.name, hash: axieFeatures.hash },
    source,
    dataset: { id: 'd', rows: 600 },
    trainedFrom: 0,
    trainedUntil: 1,
    metrics: {},
    training: {},
  })
}
