import { expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createDenseFamily } from './dense-family.ts'
import { type Backend, startTensorRuntime } from './tfjs-runtime.ts'

/** In log price: a thousandth of a percent. Float32 sums in another order differ by some 1e-7 a layer. */
const tolerance = 1e-5

const columns: readonly InputColumn[] = [
  { name: 'pool.median', kind: 'relative' },
  { name: 'class', kind: 'category', size: 9 },
  ...Array.from({ length: 30 }, (_, index) => ({ name: `number${index}`, kind: 'number' as const })),
]

function market(rows: number, seed: number): Examples {
  const random = createRandom(seed)
  const vectors = Float32Array.from(
    Array.from({ length: rows }, (_, row) => columns.map(({ kind }) => (kind === 'category' ? row % 9 : random.normal()))).flat(),
  )
  return {
    vectors,
    levels: new Float64Array(rows),
    logPrices: Float64Array.from({ length: rows }, (_, row) => (vectors[row * columns.length] as number) + 0.1 * random.normal()),
  }
}

/** Native TensorFlow is optional (npm run tfjs:native): where it is installed it has to agree too. */
async function backendsHere(): Promise<Backend[]> {
  const { backend } = await startTensorRuntime('auto')
  return backend === 'tensorflow' ? ['tensorflow', 'wasm', 'cpu'] : ['wasm', 'cpu']
}

test('a network forecasts the same on every backend that is here', async () => {
  await startTensorRuntime('wasm')
  const family = createDenseFamily({ epochs: 3 })
  const { forecaster } = await family.fit({ columns, anchor: 'pool.median', fit: market(1_000, 1), stopping: market(200, 2), seed: 1 })
  const stored = forecaster.store()
  const asked = market(128, 3).vectors
  const expected = forecaster.forecast(asked)
  for (const backend of await backendsHere()) {
    await startTensorRuntime(backend)
    const found = family.restore(stored).forecast(asked)
    const difference = Math.max(...found.map((value, index) => Math.abs(value - (expected[index] as number))))
    expect(difference, backend).toBeLessThan(tolerance)
  }
})
