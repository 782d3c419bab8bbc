import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { bootstrap, intervalOf } from './bootstrap.ts'

type Item = Readonly<{ cluster: number; value: number }>
const mean = (values: readonly Item[]) => ({ mean: values.reduce((sum, { value }) => sum + value, 0) / values.length })
const drawn = (count: number, clusterSize: number, seed: number) => {
  const random = createRandom(seed)
  return Array.from({ length: count / clusterSize }, (_, cluster) => ({ cluster, value: random.normal() })).flatMap((item) =>
    Array.from({ length: clusterSize }, () => item),
  )
}
const options = { seed: 1, rounds: 400, clusterOf: ({ cluster }: Item) => cluster }

describe('bootstrap intervals', () => {
  test('hold the true mean about 19 times of 20', () => {
    const held = Array.from({ length: 200 }, (_, seed) => bootstrap(drawn(60, 1, seed), mean, options).mean).filter(
      (interval) => interval !== null && interval.low <= 0 && interval.high >= 0,
    )
    expect(held.length).toBeGreaterThan(180)
    expect(held.length).toBeLessThan(199)
  })

  test('know that copies of one happening are one happening', () => {
    const width = (clusterSize: number) => {
      const { low, high } = bootstrap(drawn(400, clusterSize, 7), mean, options).mean ?? { low: 0, high: 0 }
      return high - low
    }
    expect(width(16)).toBeGreaterThan(2.5 * width(1))
  })

  test('are the same for the same seed, and none where there is nothing to tell', () => {
    const items = drawn(40, 2, 3)
    expect(bootstrap(items, mean, options)).toEqual(bootstrap(items, mean, options))
    expect(bootstrap(items, mean, { ...options, seed: 2 })).not.toEqual(bootstrap(items, mean, options))
    expect(bootstrap([], mean, options)).toEqual({ mean: null })
    expect(intervalOf([1, 2, 3], 100)).toBeNull()
  })
})
