import { describe, expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { createRidgeFamily } from './ridge-family.ts'

const columns: readonly InputColumn[] = [
  { name: 'pool', kind: 'relative' },
  { name: 'a', kind: 'number' },
  { name: 'b', kind: 'number' },
  { name: 'class', kind: 'category', size: 2 },
]

/** A polynomial of a and b, a step by class, on top of the pooled price. */
function rows(count: number, seed: number): Examples {
  const random = createRandom(seed)
  const all = Array.from({ length: count }, (_, row) => [0.3 * random.normal(), random.normal(), random.normal(), row % 2] as const)
  return {
    vectors: Float32Array.from(all.flat()),
    levels: new Float64Array(count),
    logPrices: Float64Array.from(all, ([pool, a, b, kind]) => pool + 0.2 * a - 0.1 * b + 0.15 * a * b + 0.05 * a * a + 0.3 * kind),
  }
}

const unseen = rows(500, 3)
async function largestError(crossedInputs: number): Promise<number> {
  const family = createRidgeFamily({ crossedInputs, penalties: [0.01] })
  const { forecaster } = await family.fit({ columns, anchor: 'pool', fit: rows(3_000, 1), stopping: rows(300, 2), seed: 1 })
  const quantiles = forecaster.forecast(unseen.vectors)
  // The encoding cuts numbers at four spreads: rows beyond are not the polynomial's.
  const within = (row: number) => Math.max(...unseen.vectors.subarray(row * 4, row * 4 + 3).map(Math.abs)) < 3.5
  return Math.max(...Array.from(unseen.logPrices, (price, row) => (within(row) ? Math.abs(price - (quantiles[row * 5 + 2] as number)) : 0)))
}

describe('polynomial ridge regression', { timeout: 60_000 }, () => {
  test('finds a polynomial that is there', async () => {
    expect(await largestError(3)).toBeLessThan(0.01)
  })

  test('without products and squares it cannot', async () => {
    expect(await largestError(0)).toBeGreaterThan(0.3)
  })
})
