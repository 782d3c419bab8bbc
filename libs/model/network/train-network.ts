import { setImmediate as nextTurn } from 'node:timers/promises'
import { pinballGradient, quantileCount } from '#lib/model/quantile-head.ts'
import { createRandom, shuffle } from '#lib/numbers/random.ts'
import { createAdam } from './adam.ts'
import { createNetwork, initialParameters, lossAndGradient, type NetworkShape, parameterCount, parameterLayout } from './dense-network.ts'

/** Encoded rows with their targets. */
export type LabelledRows = Readonly<{ inputs: Float32Array; targets: Float32Array }>

export type NetworkTraining = Readonly<{
  seed: number
  /** At most this many passes over the training rows. */
  epochs: number
  /** Stops when this many passes in a row brought no better loss on the stopping rows. */
  patience: number
  /** At most this many rows a step: fewer where there are few rows, so that a pass has enough steps. */
  batchRows: number
  /** At its height; it rises over the first steps and falls to nothing along half a cosine. */
  learningRate: number
  weightDecay: number
  hidden: readonly [number, number]
}>

export const defaultNetworkTraining: NetworkTraining = {
  seed: 1,
  epochs: 14,
  patience: 4,
  batchRows: 256,
  learningRate: 0.002,
  weightDecay: 3,
  hidden: [128, 64],
}

export type TrainedNetwork = Readonly<{
  shape: NetworkShape
  parameters: Float32Array
  /** The pass whose weights were kept. */
  epoch: number
  stoppingLoss: number
}>

/** Called after each pass. */
export type EpochListener = (progress: Readonly<{ epoch: number; epochs: number; stoppingLoss: number }>) => void

const warmUpSteps = 50
/** How much of the averaged weights a step keeps (Polyak averaging): their forecasts are better than any single step's. */
const averaging = 0.995

/**
 * Fits quantiles by pinball loss on `fit`, and keeps the averaged weights of the pass that did best on `stopping` (newer rows).
 * Reproducible: same rows, settings and backend give the same bytes. Lets other work run between passes (each takes some 0.3 s).
 */
export async function trainNetwork(
  fit: LabelledRows,
  stopping: LabelledRows,
  settings: NetworkTraining,
  onEpoch: EpochListener = () => {},
): Promise<TrainedNetwork> {
  const training = startTraining(fit, settings)
  const { shape, averaged } = training
  let best: TrainedNetwork = { shape, parameters: averaged.slice(), epoch: 0, stoppingLoss: lossOf(shape, averaged, stopping) }
  for (let epoch = 1; epoch <= settings.epochs && epoch - best.epoch <= settings.patience; epoch++) {
    training.pass()
    const stoppingLoss = lossOf(shape, averaged, stopping)
    if (stoppingLoss < best.stoppingLoss) best = { shape, parameters: averaged.slice(), epoch, stoppingLoss }
    onEpoch({ epoch, epochs: settings.epochs, stoppingLoss })
    await nextTurn()
  }
  return best
}

/** As many passes over `rows` as were best before, at the rates they had then: for rows that include those that stopped it. */
export async function trainNetworkFor(
  passes: number,
  rows: LabelledRows,
  settings: NetworkTraining,
): Promise<Pick<TrainedNetwork, 'shape' | 'parameters'>> {
  const training = startTraining(rows, settings)
  for (let pass = 0; pass < passes; pass++) {
    training.pass()
    await nextTurn()
  }
  return { shape: training.shape, parameters: training.averaged }
}

/** `averaged` changes with each pass. */
function startTraining(fit: LabelledRows, settings: NetworkTraining) {
  const rows = fit.targets.length
  const shape = { inputs: fit.inputs.length / rows, hidden: settings.hidden, outputs: quantileCount }
  const random = createRandom(settings.seed)
  const parameters = initialParameters(shape, initialOutputs, random)
  const averaged = parameters.slice()
  const optimizer = createAdam({ decays: decayMask(shape), weightDecay: settings.weightDecay })
  const gradient = new Float32Array(parameters.length)
  const batch = createBatches(fit, batchRowsFor(rows, settings.batchRows), shape.inputs)
  const steps = batch.perEpoch * settings.epochs
  let step = 0
  return {
    shape,
    averaged,
    pass(): void {
      for (const { inputs, targets } of batch.ofEpoch(random)) {
        lossAndGradient(shape, parameters, inputs, (outputs, slopes) => pinballGradient(outputs, targets, slopes), gradient)
        optimizer.step(parameters, gradient, learningRateAt(step++, steps, settings.learningRate))
        average(averaged, parameters, Math.min(averaging, (1 + step) / (10 + step)))
      }
    },
  }
}

/** Raw outputs that spread the untrained quantiles about as wide as prices are: softplus(-1.5) = 0.2, softplus(-2) = 0.13. */
const initialOutputs = [-1.5, -2, 0, -2, -1.5] as const

const stepsPerPass = 75
const fewestBatchRows = 32

/** A power of two, as kernels like them. */
const batchRowsFor = (rows: number, most: number): number =>
  Math.min(rows, most, Math.max(fewestBatchRows, 2 ** Math.round(Math.log2(rows / stepsPerPass))))

function decayMask(shape: NetworkShape): Uint8Array {
  const mask = new Uint8Array(parameterCount(shape))
  for (const { isBias, rows, columns, offset } of Object.values(parameterLayout(shape))) {
    if (!isBias) mask.fill(1, offset, offset + rows * columns)
  }
  return mask
}

const learningRateAt = (step: number, steps: number, peak: number): number =>
  peak * Math.min(1, (step + 1) / warmUpSteps) * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps))

function average(averaged: Float32Array, parameters: Float32Array, kept: number): void {
  for (let index = 0; index < averaged.length; index++) {
    averaged[index] = kept * (averaged[index] as number) + (1 - kept) * (parameters[index] as number)
  }
}

/** Rows in a new order each pass, always in batches of one size: what does not fill the last batch waits for another pass. */
function createBatches(rows: LabelledRows, batchRows: number, width: number) {
  const order = Int32Array.from(rows.targets.keys())
  const inputs = new Float32Array(batchRows * width)
  const targets = new Float32Array(batchRows)
  const perEpoch = Math.floor(order.length / batchRows)
  return {
    perEpoch,
    *ofEpoch(random: Parameters<typeof shuffle>[1]): Generator<LabelledRows> {
      shuffle(order, random)
      for (let batch = 0; batch < perEpoch; batch++) {
        for (let slot = 0; slot < batchRows; slot++) {
          const row = order[batch * batchRows + slot] as number
          inputs.set(rows.inputs.subarray(row * width, (row + 1) * width), slot * width)
          targets[slot] = rows.targets[row] as number
        }
        yield { inputs, targets }
      }
    },
  }
}

function lossOf(shape: NetworkShape, parameters: Float32Array, rows: LabelledRows): number {
  const network = createNetwork(shape, parameters)
  try {
    const outputs = network.run(rows.inputs)
    return pinballGradient(outputs, rows.targets, new Float32Array(outputs.length))
  } finally {
    network.dispose()
  }
}
