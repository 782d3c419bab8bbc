import { beforeAll, describe, expect, test } from 'vitest'
import { quantileCount, quantilesFromRaw } from '#lib/model/quantile-head.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createNetwork } from './dense-network.ts'
import { startTensorRuntime } from './tfjs-runtime.ts'
import { defaultNetworkTraining, type LabelledRows, type TrainedNetwork, trainNetwork } from './train-network.ts'

/** y = 0.5 x0 - |x1| / 2 + noise, whose spread grows with x2. */
function noisyRows(rows: number, seed: number): LabelledRows {
  const random = createRandom(seed)
  const inputs = Float32Array.from({ length: rows * 4 }, () => random.normal())
  const targets = Float32Array.from({ length: rows }, (_, row) => {
    const [a, b, c] = inputs.subarray(row * 4) as unknown as [number, number, number]
    return 0.5 * a - Math.abs(b) / 2 + 0.1 * Math.exp(c / 2) * random.normal()
  })
  return { inputs, targets }
}

const settings = { ...defaultNetworkTraining, hidden: [16, 8] as const, batchRows: 64, epochs: 12, learningRate: 0.01, weightDecay: 0 }
const fit = noisyRows(3_000, 1)
const stopping = noisyRows(500, 2)

function shareBelow(trained: TrainedNetwork, rows: LabelledRows): number[] {
  const network = createNetwork(trained.shape, trained.parameters)
  const quantiles = network.run(rows.inputs)
  network.dispose()
  quantilesFromRaw(quantiles)
  return Array.from(
    { length: quantileCount },
    (_, k) => rows.targets.filter((target, row) => target < (quantiles[row * quantileCount + k] as number)).length / rows.targets.length,
  )
}

beforeAll(async () => {
  await startTensorRuntime('wasm')
})

describe('training the network', () => {
  test('learns the quantiles of a noisy curve', async () => {
    const trained = await trainNetwork(fit, stopping, settings)
    const [q05, q25, q50, q75, q95] = shareBelow(trained, noisyRows(2_000, 3)) as [number, number, number, number, number]
    expect(Math.abs(q05 - 0.05)).toBeLessThan(0.04)
    expect(Math.abs(q25 - 0.25)).toBeLessThan(0.08)
    expect(Math.abs(q50 - 0.5)).toBeLessThan(0.08)
    expect(Math.abs(q75 - 0.75)).toBeLessThan(0.08)
    expect(Math.abs(q95 - 0.95)).toBeLessThan(0.04)
  })

  test('same rows and seed give the same bytes, another seed gives others', async () => {
    const short = { ...settings, epochs: 2 }
    const first = await trainNetwork(fit, stopping, short)
    expect((await trainNetwork(fit, stopping, short)).parameters).toEqual(first.parameters)
    expect((await trainNetwork(fit, stopping, { ...short, seed: 2 })).parameters).not.toEqual(first.parameters)
  })

  test('keeps the pass that did best on newer rows, and stops when none has for a while', async () => {
    const unrelated = { inputs: noisyRows(500, 4).inputs, targets: noisyRows(500, 5).targets }
    const passes: number[] = []
    const trained = await trainNetwork(fit, unrelated, { ...settings, epochs: 30, patience: 3 }, ({ epoch }) => passes.push(epoch))
    expect(passes.length).toBeLessThan(30)
    expect(passes.length).toBe(trained.epoch + 3)
  })
})
