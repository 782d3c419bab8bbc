import { z } from 'zod'
import { encodeRows, fitInputEncoding, type InputEncoding, inputEncodingSchema } from '#lib/model/input-encoding.ts'
import { type Forecaster, type ModelFamily, type StoredModel, targetsOf } from '#lib/model/model-family.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { quantileCount, quantilesFromRaw } from '#lib/model/quantile-head.ts'
import { createNetwork, type NetworkShape, parameterCount } from './dense-network.ts'
import { defaultNetworkTraining, type LabelledRows, type NetworkTraining, trainNetwork, trainNetworkFor } from './train-network.ts'

type Settings = Omit<NetworkTraining, 'seed'>

/**
 * A small dense network on the tfjs backend (start its runtime first): forecast = anchor + network(features).
 * It learns what is smooth, where trees see steps.
 */
export function createDenseFamily(changed: Partial<Settings> = {}): ModelFamily {
  const { seed: _, ...settings } = { ...defaultNetworkTraining, ...changed }
  return {
    kind: 'dense',
    settings,
    async fit({ columns, anchor, fit, stopping, seed, onProgress = () => {} }) {
      const encoding = fitInputEncoding(fit.vectors, columns, anchor)
      const losses: number[] = []
      const [fitRows, stoppingRows] = [labelledRows(encoding, fit), labelledRows(encoding, stopping)]
      const { shape, parameters, epoch } = await trainNetwork(fitRows, stoppingRows, { ...settings, seed }, (progress) => {
        losses.push(progress.stoppingLoss)
        onProgress(progress.epoch, progress.epochs)
      })
      return {
        forecaster: createForecaster({ encoding, shape, parameters }),
        learning: { step: 'pass', kept: epoch, losses },
        async refit(all) {
          const encoding = fitInputEncoding(all.vectors, columns, anchor)
          return createForecaster({ encoding, ...(await trainNetworkFor(epoch, labelledRows(encoding, all), { ...settings, seed })) })
        },
      }
    },
    restore: (stored) => createForecaster(restoreDenseModel(stored)),
  }
}

type DenseModel = Readonly<{ encoding: InputEncoding; shape: NetworkShape; parameters: Float32Array }>

function labelledRows(encoding: InputEncoding, examples: Examples): LabelledRows {
  const { inputs, anchors } = encodeRows(encoding, examples.vectors)
  return { inputs, targets: Float32Array.from(targetsOf(examples), (target, row) => target - (anchors[row] as number)) }
}

function createForecaster({ encoding, shape, parameters }: DenseModel): Forecaster {
  const network = createNetwork(shape, parameters)
  return {
    vectorWidth: encoding.vectorWidth,
    forecast(vectors) {
      if (vectors.length === 0) return new Float64Array(0)
      const { inputs, anchors } = encodeRows(encoding, vectors)
      const quantiles = Float64Array.from(network.run(inputs))
      quantilesFromRaw(quantiles)
      return quantiles.map((quantile, index) => quantile + (anchors[Math.floor(index / quantileCount)] as number))
    },
    explain: null,
    store: () => ({
      definition: { encoding, shape },
      weights: Buffer.from(parameters.buffer, parameters.byteOffset, parameters.byteLength),
    }),
    dispose: network.dispose,
  }
}

const count = z.number().int().nonnegative()
const definitionSchema = z.object({
  encoding: inputEncodingSchema,
  shape: z.object({ inputs: count, hidden: z.tuple([count, count]), outputs: z.literal(quantileCount) }),
})

function restoreDenseModel({ definition, weights }: StoredModel): DenseModel {
  const { encoding, shape } = definitionSchema.parse(definition)
  if (shape.inputs !== encoding.inputWidth) {
    throw new Error(`the network takes ${shape.inputs} inputs, the encoding makes ${encoding.inputWidth}`)
  }
  const expected = parameterCount(shape) * Float32Array.BYTES_PER_ELEMENT
  if (weights.length !== expected) throw new Error(`expected ${expected} bytes of weights, found ${weights.length}`)
  // A copy, because a Buffer from a pool may start where no float can.
  const parameters = new Float32Array(new Uint8Array(weights).buffer)
  if (!parameters.every(Number.isFinite)) throw new Error('the weights hold a number that is not finite')
  return { encoding, shape, parameters }
}
