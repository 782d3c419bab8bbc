import { axieFeatures } from '#lib/features/axie-v1.ts'
import { inputColumnsOf } from '#lib/features/feature-set.ts'
import { type SealedBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { trainModel } from '#lib/model/bundle/trained-model.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import { createRandom } from '#lib/numbers/random.ts'
import type { Source } from '#schemas/types.ts'

/**
 * A real bundle that learnt one thing: an axie fetches what others of its class and breed count do, and a bias more.
 * @param bias in logs: the further from 0, the worse it forecasts
 */
export async function shiftedModel(bias: number, trainedUntil: number, source: Source = 'synthetic'): Promise<SealedBundle> {
  const random = createRandom(1)
  const columns = inputColumnsOf(axieFeatures)
  const alike = columns.findIndex(({ name }) => name === 'cb.median')
  const examples = (rows: number): Examples => {
    const vectors = new Float32Array(rows * columns.length)
    for (let row = 0; row < rows; row++) vectors[row * columns.length + alike] = 3 * (random.uniform() - 0.5)
    const logPrices = Float64Array.from({ length: rows }, (_, row) => {
      const relative = vectors[row * columns.length + alike] as number
      return 3.4 + relative + bias + 0.1 * random.normal()
    })
    return { vectors, levels: new Float64Array(rows).fill(3.4), logPrices }
  }
  const blocks = { fit: examples(1_000), stopping: examples(200), newest: examples(200) }
  const { model } = await trainModel(createTreeFamily({ rounds: 150 }), blocks, { columns, anchor: axieFeatures.anchor, seed: 1 })
  return sealBundle(model, {
    featureSet: { name: axieFeatures.name, hash: axieFeatures.hash },
    source,
    dataset: { id: `shifted by ${bias}`, rows: 1_400 },
    trainedFrom: 0,
    trainedUntil,
    metrics: { medianApe: Math.abs(bias) },
    training: {},
  })
}
