import { expect, test } from 'vitest'
import { createRollingLevels } from '#lib/market/levels/rolling-level.ts'
import { createMarketLevels } from './market-levels.ts'

const hour = 3_600_000
const start = 1_000 * 24 * hour
const plant = 7

function market(capacity = 100) {
  const levels = createRollingLevels(9)
  const sampled = createMarketLevels({ levels, capacity })
  const sell = (soldAt: number, usd: number) => {
    sampled.before(soldAt)
    levels.add({ soldAt, logPrice: Math.log(usd), group: plant })
  }
  return { sampled, sell }
}

test('one sample at each full hour, from the sales known before it', () => {
  const { sampled, sell } = market()
  sell(start + 1, 10)
  sell(start + hour - 1, 10)
  sell(start + 2 * hour + 1, 1_000)
  const samples = sampled.samples()
  expect(samples.map(({ at }) => (at - start) / hour)).toEqual([1, 2])
  for (const { market, classes } of samples) {
    expect(market).toBeCloseTo(10, 1)
    expect(classes[plant]).toBeCloseTo(10, 1)
    expect(classes[0]).toBeNull()
  }
})

test('only so many are kept, also over a gap of years', () => {
  const { sampled, sell } = market(5)
  for (let at = 0; at < 20; at++) sell(start + at * hour, 10)
  expect(sampled.samples().length).toBe(5)
  sell(start + 1_000_000 * hour, 10)
  expect(sampled.samples().map(({ at }) => (at - start) / hour)).toEqual([999_996, 999_997, 999_998, 999_999, 1_000_000])
})

test('a sale that is told late brings no sample twice', () => {
  const { sampled, sell } = market()
  sell(start + 5 * hour, 10)
  sell(start + 2 * hour, 10)
  sell(start + 5 * hour + 1, 10)
  expect(sampled.samples()).toEqual([])
})
