import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { binOf, createOrderStatistics } from './order-statistics.ts'

const price = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.001, max: 2_000_000, noNaN: true }))

/** The same by sorting. */
function sortedLogs(prices: readonly number[]) {
  const logs = prices.map((usd) => Math.round(Math.log(Math.min(1_000_000, Math.max(0.01, usd))) * 1_000)).sort((a, b) => a - b)
  const apart = Math.floor(logs.length / 4)
  const middle = logs.slice(apart, logs.length - apart)
  return {
    quantile: (share: number) => (logs[Math.floor(share * (logs.length - 1))] ?? Number.NaN) / 1_000,
    midmean: middle.reduce((sum, log) => sum + log, 0) / middle.length / 1_000,
  }
}

describe('order statistics', () => {
  it('agree with sorting, whatever came and went before', () => {
    fc.assert(
      fc.property(fc.array(price, { minLength: 1, maxLength: 60 }), fc.array(price, { maxLength: 60 }), (kept, gone) => {
        const prices = createOrderStatistics()
        for (const usd of gone) prices.add(binOf(Math.log(usd)))
        for (const usd of kept) prices.add(binOf(Math.log(usd)))
        for (const usd of gone) prices.remove(binOf(Math.log(usd)))
        const expected = sortedLogs(kept)
        expect(prices.count()).toBe(kept.length)
        expect(prices.midmean()).toBeCloseTo(expected.midmean, 9)
        for (const share of [0, 0.1, 0.5, 0.9, 1]) expect(prices.quantile(share)).toBeCloseTo(expected.quantile(share), 9)
      }),
      { numRuns: 300 },
    )
  })

  it('leave no trace of what was added and removed a million times', () => {
    const [worn, fresh] = [createOrderStatistics(), createOrderStatistics()]
    for (let turn = 0; turn < 1_000_000; turn += 1) worn.add(binOf(Math.log(1 + (turn % 997))))
    for (let turn = 0; turn < 1_000_000; turn += 1) worn.remove(binOf(Math.log(1 + (turn % 997))))
    for (const usd of [20, 21, 25, 400]) {
      worn.add(binOf(Math.log(usd)))
      fresh.add(binOf(Math.log(usd)))
    }
    expect(worn.midmean()).toBe(fresh.midmean())
  })

  it('of nothing are unknown', () => {
    const prices = createOrderStatistics()
    expect([prices.midmean(), prices.quantile(0.5), prices.count()]).toEqual([null, null, 0])
  })

  it('are not moved far by one absurd price', () => {
    const prices = createOrderStatistics()
    for (const usd of [20, 20, 20, 20, 20, 20, 20, 1e9]) prices.add(binOf(Math.log(usd)))
    expect(prices.midmean()).toBeCloseTo(Math.log(20), 3)
  })
})
