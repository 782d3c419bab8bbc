import * as tf from '@tensorflow/tfjs-core'
import type { Random } from '#lib/numbers/random.ts'

/**
 * inputs -> hidden[0] -> hidden[1] -> outputs, rectified, with a linear path from the inputs straight to the outputs
 * (wide and deep: Cheng et al. 2016): what is linear in the inputs need not squeeze through the hidden layers.
 */
export type NetworkShape = Readonly<{ inputs: number; hidden: readonly [number, number]; outputs: number }>

/** A matrix (rows × columns, row-major), or a bias (one row), inside the flat array that holds all parameters of a network. */
export type ParameterBlock = Readonly<{ name: BlockName; isBias: boolean; rows: number; columns: number; offset: number }>

const blockNames = ['weights1', 'bias1', 'weights2', 'bias2', 'weights3', 'bias3', 'skip'] as const

type BlockName = (typeof blockNames)[number]

export function parameterLayout({ inputs, hidden, outputs }: NetworkShape): Readonly<Record<BlockName, ParameterBlock>> {
  const [first, second] = hidden
  const sizes: Readonly<Record<BlockName, readonly [rows: number, columns: number]>> = {
    weights1: [inputs, first],
    bias1: [1, first],
    weights2: [first, second],
    bias2: [1, second],
    weights3: [second, outputs],
    bias3: [1, outputs],
    skip: [inputs, outputs],
  }
  let offset = 0
  const blocks = blockNames.map((name) => {
    const [rows, columns] = sizes[name]
    const block = { name, isBias: name.startsWith('bias'), rows, columns, offset }
    offset += rows * columns
    return [name, block] as const
  })
  return Object.fromEntries(blocks) as Record<BlockName, ParameterBlock>
}

export const parameterCount = (shape: NetworkShape): number =>
  Object.values(parameterLayout(shape)).reduce((sum, { rows, columns }) => sum + rows * columns, 0)

/** He initialisation (He et al. 2015) for the rectified layers; outputs start near `outputBias`. */
export function initialParameters(shape: NetworkShape, outputBias: readonly number[], random: Random): Float32Array {
  const layout = parameterLayout(shape)
  const parameters = new Float32Array(parameterCount(shape))
  const fill = ({ rows, columns, offset }: ParameterBlock, deviation: number): void => {
    for (let index = 0; index < rows * columns; index++) parameters[offset + index] = random.normal() * deviation
  }
  fill(layout.weights1, Math.sqrt(2 / shape.inputs))
  fill(layout.weights2, Math.sqrt(2 / shape.hidden[0]))
  fill(layout.weights3, 0.05)
  fill(layout.skip, 0.001)
  parameters.set(outputBias, layout.bias3.offset)
  return parameters
}

type WeightName = Exclude<BlockName, BiasName>
type BiasName = 'bias1' | 'bias2' | 'bias3'
type Tensors = Readonly<Record<WeightName, tf.Tensor2D> & Record<BiasName, tf.Tensor1D>>

function uploadParameters(shape: NetworkShape, parameters: Float32Array): Tensors {
  const blocks = Object.values(parameterLayout(shape)).map(({ name, isBias, rows, columns, offset }) => {
    const values = parameters.subarray(offset, offset + rows * columns)
    return [name, isBias ? tf.tensor1d(values) : tf.tensor2d(values, [rows, columns])]
  })
  return Object.fromEntries(blocks) as Tensors
}

type Layers = Readonly<{ hidden1: tf.Tensor2D; hidden2: tf.Tensor2D; outputs: tf.Tensor2D }>

function forward(inputs: tf.Tensor2D, blocks: Tensors): Layers {
  const rectified = (a: tf.Tensor2D, b: tf.Tensor2D, bias: tf.Tensor1D) =>
    tf.fused.matMul({ a, b, bias, activation: 'relu' }) as tf.Tensor2D
  const hidden1 = rectified(inputs, blocks.weights1, blocks.bias1)
  const hidden2 = rectified(hidden1, blocks.weights2, blocks.bias2)
  const deep = tf.fused.matMul({ a: hidden2, b: blocks.weights3, bias: blocks.bias3 })
  const outputs: tf.Tensor2D = tf.add(deep, tf.matMul(inputs, blocks.skip))
  return { hidden1, hidden2, outputs }
}

/** A network ready to be asked. Its weights stay on the backend until `dispose`. */
export type Network = Readonly<{
  /** inputs: rows × shape.inputs, row-major. Returns rows × shape.outputs. A row's result does not depend on the rows beside it. */
  run(inputs: Float32Array): Float32Array
  dispose(): void
}>

export function createNetwork(shape: NetworkShape, parameters: Float32Array): Network {
  const blocks = uploadParameters(shape, parameters)
  return {
    run: (inputs) =>
      tf.tidy(() => {
        const rows = inputs.length / shape.inputs
        return forward(tf.tensor2d(inputs, [rows, shape.inputs]), blocks).outputs.dataSync<'float32'>()
      }),
    dispose: () => tf.dispose(blocks),
  }
}

/** Given raw outputs (rows × outputs), writes the loss's gradient with respect to them into `gradient` and returns the loss. */
export type LossGradient = (outputs: Float32Array, gradient: Float32Array) => number

/**
 * One pass forward and back: the loss on these rows, and its gradient with respect to every parameter, into `gradient`.
 * Back-propagation is written out rather than left to tf.variableGrads: tfjs-core's build for Node registers no gradients, and the
 * transposes are made before the products, because the WebAssembly backend multiplies transposed operands in a naive loop (6 x slower).
 */
export function lossAndGradient(
  shape: NetworkShape,
  parameters: Float32Array,
  inputs: Float32Array,
  lossGradient: LossGradient,
  gradient: Float32Array,
): number {
  const layout = parameterLayout(shape)
  return tf.tidy(() => {
    const blocks = uploadParameters(shape, parameters)
    const rows = inputs.length / shape.inputs
    const x = tf.tensor2d(inputs, [rows, shape.inputs])
    const { hidden1, hidden2, outputs } = forward(x, blocks)
    const outputValues = outputs.dataSync<'float32'>()
    const outputGradient = new Float32Array(outputValues.length)
    const loss = lossGradient(outputValues, outputGradient)

    const onOutputs = tf.tensor2d(outputGradient, [rows, shape.outputs])
    const onHidden2: tf.Tensor2D = tf.mul(tf.matMul(onOutputs, tf.transpose(blocks.weights3)), tf.step(hidden2))
    const onHidden1: tf.Tensor2D = tf.mul(tf.matMul(onHidden2, tf.transpose(blocks.weights2)), tf.step(hidden1))
    const xTransposed = tf.transpose(x)
    const keep = (block: ParameterBlock, tensor: tf.Tensor): void => gradient.set(tensor.dataSync<'float32'>(), block.offset)
    keep(layout.weights1, tf.matMul(xTransposed, onHidden1))
    keep(layout.bias1, tf.sum(onHidden1, 0))
    keep(layout.weights2, tf.matMul(tf.transpose(hidden1), onHidden2))
    keep(layout.bias2, tf.sum(onHidden2, 0))
    keep(layout.weights3, tf.matMul(tf.transpose(hidden2), onOutputs))
    keep(layout.bias3, tf.sum(onOutputs, 0))
    keep(layout.skip, tf.matMul(xTransposed, onOutputs))
    return loss
  })
}
