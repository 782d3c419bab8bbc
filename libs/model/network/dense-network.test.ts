import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { createNetwork, initialParameters, lossAndGradient, type NetworkShape, parameterLayout } from './dense-network.ts'
import { startTensorRuntime } from './tfjs-runtime.ts'

const shape: NetworkShape = { inputs: 37, hidden: [16, 8], outputs: 5 }
const parameters = initialParameters(shape, [-1, 0, 1, 2, 3], createRandom(1))
const someRows = (rows: number, seed = 2): Float32Array => {
  const random = createRandom(seed)
  return Float32Array.from({ length: rows * shape.inputs }, () => random.normal())
}

/** The same network in plain loops and double precision. */
function referenceRun(inputs: Float32Array): number[] {
  const layout = parameterLayout(shape)
  const dense = (row: ArrayLike<number>, weights: keyof typeof layout, bias: keyof typeof layout | null): number[] => {
    const { rows, columns, offset } = layout[weights]
    return Array.from({ length: columns }, (_, column) => {
      let sum = bias === null ? 0 : (parameters[layout[bias].offset + column] as number)
      for (let k = 0; k < rows; k++) sum += (row[k] as number) * (parameters[offset + k * columns + column] as number)
      return sum
    })
  }
  const rectify = (row: number[]): number[] => row.map((value) => Math.max(0, value))
  return Array.from({ length: inputs.length / shape.inputs }, (_, index) => {
    const row = inputs.subarray(index * shape.inputs, (index + 1) * shape.inputs)
    const deep = dense(rectify(dense(rectify(dense(row, 'weights1', 'bias1')), 'weights2', 'bias2')), 'weights3', 'bias3')
    const wide = dense(row, 'skip', null)
    return deep.map((value, k) => value + (wide[k] as number))
  }).flat()
}

beforeAll(async () => {
  await startTensorRuntime('wasm')
})

describe('the dense network', () => {
  test.each(['wasm', 'cpu'] as const)('gives what plain loops give, on %s', async (backend) => {
    await startTensorRuntime(backend)
    const network = createNetwork(shape, parameters)
    const inputs = someRows(9)
    const expected = referenceRun(inputs)
    network.run(inputs).forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index] as number, 4)
    })
    network.dispose()
    await startTensorRuntime('wasm')
  })

  test('a row has the same bytes in a batch of any size', () => {
    const network = createNetwork(shape, parameters)
    const rows = 300
    const inputs = someRows(rows)
    const whole = network.run(inputs)
    for (const size of [1, 2, 3, 5, 8, 64, 128, 299]) {
      for (let from = 0; from + size <= rows; from += size) {
        const part = network.run(inputs.slice(from * shape.inputs, (from + size) * shape.inputs))
        expect(part).toEqual(whole.slice(from * shape.outputs, (from + size) * shape.outputs))
      }
    }
    network.dispose()
  })

  test('the gradient is the slope of the loss with respect to every kind of parameter', () => {
    const inputs = someRows(6)
    // A smooth loss, so that finite differences are exact enough: half the sum of squares.
    const squares = (outputs: Float32Array, slopes: Float32Array): number => {
      slopes.set(outputs)
      return outputs.reduce((sum, value) => sum + (value * value) / 2, 0)
    }
    const gradient = new Float32Array(parameters.length)
    lossAndGradient(shape, parameters, inputs, squares, gradient)
    const random = createRandom(3)
    for (const { rows, columns, offset } of Object.values(parameterLayout(shape))) {
      for (let trial = 0; trial < 5; trial++) {
        const index = offset + Math.floor(random.uniform() * rows * columns)
        const lossAt = (moved: number) => {
          const changed = parameters.with(index, (parameters[index] as number) + moved)
          return lossAndGradient(shape, changed, inputs, squares, new Float32Array(parameters.length))
        }
        const slope = (lossAt(0.01) - lossAt(-0.01)) / 0.02
        expect(Math.abs((gradient[index] as number) - slope)).toBeLessThan(0.02 * Math.max(1, Math.abs(slope)))
      }
    }
  })

  test('holds no tensor but its weights, and none after dispose', () => {
    const before = tf.memory().numTensors
    const network = createNetwork(shape, parameters)
    const loaded = tf.memory().numTensors
    for (let batch = 0; batch < 200; batch++) network.run(someRows(1 + (batch % 7)))
    expect(tf.memory().numTensors).toBe(loaded)
    network.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
