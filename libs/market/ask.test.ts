import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ask } from '#schemas/types.ts'
import { checkAsk, priceAsk, usdAt, weiAt } from './ask.ts'

const fixed: Ask = {
  kind: 'fixed',
  paymentToken: 'weth',
  basePriceWei: '10000000000000000',
  endedPriceWei: '0',
  currentPriceWei: '10000000000000000',
  currentPriceUsd: '30.5',
  startedAt: 1_000_000,
  durationSeconds: 0,
}
const dutch: Ask = { ...fixed, kind: 'dutch', basePriceWei: '40000000000000000', endedPriceWei: '20000000000000000', durationSeconds: 100 }

describe('a fixed price', () => {
  it('costs the same at any time', () => {
    expect([0, 1_000_000, 9e12].map((at) => weiAt(checkAsk(fixed), at))).toEqual([1e16, 1e16, 1e16])
  })
})

describe('a Dutch price', () => {
  it('moves linearly from base to end over its duration and stays there', () => {
    const at = (seconds: number): number => weiAt(checkAsk(dutch), dutch.startedAt + seconds * 1_000)
    expect([-5, 0, 50, 100, 1_000].map(at)).toEqual([4e16, 4e16, 3e16, 2e16, 2e16])
  })

  it('never leaves the span between base and end', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 3_000_000 }), (at) => {
        const wei = weiAt(checkAsk(dutch), at)
        expect(wei).toBeGreaterThanOrEqual(2e16)
        expect(wei).toBeLessThanOrEqual(4e16)
      }),
    )
  })

  it('is refused where it lasts no time', () => {
    expect(() => checkAsk({ ...dutch, durationSeconds: 0 })).toThrow('to last more than 0 s')
  })
})

describe('dollars of an ask', () => {
  it('follow the exchange rate of the moment; without one, the conversion the market made', () => {
    expect(usdAt(checkAsk(fixed), 2_000_000, 4_000)).toBe(40)
    expect(usdAt(checkAsk(fixed), 2_000_000, null)).toBe(30.5)
    expect(usdAt(checkAsk({ ...fixed, currentPriceUsd: null }), 2_000_000, null)).toBeNull()
  })

  it('of a listing are what the market said, else by the exchange rate, else unknown', () => {
    expect(priceAsk(fixed, 4_000)).toEqual({ kind: 'fixed', wei: fixed.currentPriceWei, eth: 0.01, usd: 30.5, startedAt: 1_000_000 })
    expect(priceAsk({ ...fixed, currentPriceUsd: null }, 4_000)?.usd).toBe(40)
    expect(priceAsk({ ...fixed, currentPriceUsd: null }, null)).toBeNull()
  })
})
