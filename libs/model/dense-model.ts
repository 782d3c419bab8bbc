import { z } from 'zod'
import { type Calibration, calibrate, fitCalibration } from './calibration.ts'
import { createNetwork, type NetworkShape, parameterCount } from './dense-network.ts'
import { encodeRows, fitInputEncoding, type InputColumn, type InputEncoding } from './input-encoding.ts'
import type { Examples, Forecasts, PriceModel } from './price-model.ts'
import { quantileCount, quantilesFromRaw } from './quantile-head.ts'
import { type EpochListener, type LabelledRows, type NetworkTraining, trainNetwork } from './train-network.ts'

/**
 * Quantiles of log price less the market's level, by a small dense network:
 * forecast = reference level + anchor (the pooled price of look-alikes, relative to the level) + network(features), then calibrated.
 */
export type DenseModel = Readonly<{
  encoding: InputEncoding
  shape: NetworkShape
  calibration: Calibration
  parameters: Float32Array
}>

/** Blocks in time order, oldest first, each newer than the one before. */
export type TrainingBlocks = Readonly<{ fit: Examples; stopping: Examples; newest: Examples }>

export type TrainedDenseModel = Readonly<{
  /** Fitted on `fit`; calibrated on `stopping` and `newest`, whose prices the weights never saw. */
  model: DenseModel
  /** The same weights calibrated on `stopping` alone, so that `newest` can be asked how good they are. */
  heldOut: DenseModel
  /** The pass whose weights were kept. */
  epoch: number
  stoppingLoss: number
}>

/** Start the tfjs runtime first. `anchor` is the name of the relative column that forecasts start from. */
export async function trainDenseModel(
  blocks: TrainingBlocks,
  columns: readonly InputColumn[],
  anchor: string,
  settings: NetworkTraining,
  onEpoch?: EpochListener,
): Promise<TrainedDenseModel> {
  const encoding = fitInputEncoding(blocks.fit.vectors, columns, anchor)
  const [stopping, newest] = [labelledRows(encoding, blocks.stopping), labelledRows(encoding, blocks.newest)]
  const trained = await trainNetwork(labelledRows(encoding, blocks.fit), stopping, settings, onEpoch)
  const { shape, parameters, epoch, stoppingLoss } = trained
  const [seen, unseen] = [quantilesOf(trained, stopping), quantilesOf(trained, newest)]
  const calibrated = (calibration: Calibration): DenseModel => ({ encoding, shape, calibration, parameters })
  return {
    model: calibrated(fitCalibration([...seen, ...unseen], [...stopping.targets, ...newest.targets])),
    heldOut: calibrated(fitCalibration(seen, stopping.targets)),
    epoch,
    stoppingLoss,
  }
}

function quantilesOf({ shape, parameters }: Pick<DenseModel, 'shape' | 'parameters'>, { inputs }: LabelledRows): Float32Array {
  const network = createNetwork(shape, parameters)
  try {
    const quantiles = network.run(inputs)
    quantilesFromRaw(quantiles)
    return quantiles
  } finally {
    network.dispose()
  }
}

function labelledRows(encoding: InputEncoding, { vectors, levels, logPrices }: Examples): LabelledRows {
  const { inputs, anchors } = encodeRows(encoding, vectors)
  return { inputs, targets: Float32Array.from(logPrices, (price, row) => price - (levels[row] as number) - (anchors[row] as number)) }
}

export function openDenseModel(model: DenseModel): PriceModel {
  const { encoding, shape, calibration } = model
  const network = createNetwork(shape, model.parameters)
  const predict = (vectors: Float32Array, levels: Float64Array): Forecasts => {
    if (vectors.length !== levels.length * encoding.vectorWidth) {
      throw new RangeError(`expected ${levels.length} vectors of ${encoding.vectorWidth} numbers, found ${vectors.length} numbers`)
    }
    if (levels.length === 0) return { quantilesUsd: new Float64Array(0), novelty: new Float64Array(0) }
    const { inputs, anchors, novelty } = encodeRows(encoding, vectors)
    const quantiles = Float64Array.from(network.run(inputs))
    quantilesFromRaw(quantiles)
    calibrate(calibration, quantiles)
    for (let index = 0; index < quantiles.length; index++) {
      const row = Math.floor(index / quantileCount)
      quantiles[index] = Math.exp((quantiles[index] as number) + (levels[row] as number) + (anchors[row] as number))
    }
    return { quantilesUsd: quantiles, novelty }
  }
  return { vectorWidth: encoding.vectorWidth, predict, dispose: network.dispose }
}

const count = z.number().int().nonnegative()
const definitionSchema = z.object({
  encoding: z.object({
    vectorWidth: count,
    inputWidth: count,
    anchor: count,
    numbers: z.array(
      z.object({ from: count, to: count, center: z.number(), scale: z.number(), flag: z.number().int(), relative: z.boolean() }),
    ),
    categories: z.array(z.object({ from: count, inputs: z.array(z.number().int()), rare: count })),
    familiarSpread: z.number().positive(),
  }),
  shape: z.object({ inputs: count, hidden: z.tuple([count, count]), outputs: z.literal(quantileCount) }),
  calibration: z.object({ shifts: z.array(z.number()).length(quantileCount), rows: count }),
})

/** As a bundle holds it: everything but the weights as JSON, the weights as little-endian float32. */
export type StoredDenseModel = Readonly<{ definition: unknown; weights: Buffer }>

export function storeDenseModel({ parameters, ...definition }: DenseModel): StoredDenseModel {
  return { definition, weights: Buffer.from(parameters.buffer, parameters.byteOffset, parameters.byteLength) }
}

/** Throws a plain Error that says what does not fit; the bundle's reader adds which bundle. */
export function restoreDenseModel({ definition, weights }: StoredDenseModel): DenseModel {
  const { encoding, shape, calibration } = definitionSchema.parse(definition)
  if (shape.inputs !== encoding.inputWidth) {
    throw new Error(`the network takes ${shape.inputs} inputs, the encoding makes ${encoding.inputWidth}`)
  }
  const expected = parameterCount(shape) * Float32Array.BYTES_PER_ELEMENT
  if (weights.length !== expected) throw new Error(`expected ${expected} bytes of weights, found ${weights.length}`)
  // A copy, because a Buffer from a pool may start where no float can.
  const parameters = new Float32Array(new Uint8Array(weights).buffer)
  if (!parameters.every(Number.isFinite)) throw new Error('the weights hold a number that is not finite')
  return { encoding, shape, calibration, parameters }
}
