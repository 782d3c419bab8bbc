/** For tfjs-native.sh: native TensorFlow works here, and all backends forecast what plain JavaScript forecasts. Exit code 1 where not. */
import { createNetwork, initialParameters } from '#lib/model/network/dense-network.ts'
import { type Backend, startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createRandom } from '#lib/numbers/random.ts'

/** In log price: a hundredth of a percent. */
const tolerance = 1e-4

const shape = { inputs: 300, hidden: [128, 64], outputs: 5 } as const
const random = createRandom(1)
const parameters = initialParameters(shape, [0, 0, 0, 0, 0], random)
const inputs = Float32Array.from({ length: 128 * shape.inputs }, () => random.normal())

async function forecast(backend: Backend): Promise<Float32Array> {
  await startTensorRuntime(backend)
  const network = createNetwork(shape, parameters)
  const outputs = network.run(inputs)
  network.dispose()
  return outputs
}

const expected = await forecast('cpu')
for (const backend of ['wasm', 'tensorflow'] as const) {
  const found = await forecast(backend)
  const difference = Math.max(...found.map((value, index) => Math.abs(value - (expected[index] as number))))
  if (!(difference < tolerance))
    throw new Error(`expected forecasts of ${backend} within ${tolerance} of JavaScript's, found ${difference}`)
  console.error(`tfjs:native: ${backend} forecasts within ${difference.toExponential(1)} of JavaScript's`)
}
