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

const rates = { ETH: 4_000, AXS: 2, SLP: 0.001, RON: null, USDC: 1 }

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
    expect(usdAt(checkAsk(fixed), 2_000_000, rates)).toBe(40)
    expect(usdAt(checkAsk(fixed), 2_000_000, null)).toBe(30.5)
    expect(usdAt(checkAsk({ ...fixed, currentPriceUsd: null }), 2_000_000, null)).toBeNull()
  })

  it('of a listing are what the market said, else by the exchange rate, else unknown', () => {
    expect(priceAsk(fixed, rates)).toMatchObject({ kind: 'fixed', wei: fixed.currentPriceWei, eth: 0.01, usd: 30.5, startedAt: 1_000_000 })
    expect(priceAsk({ ...fixed, currentPriceUsd: null }, rates)?.usd).toBe(40)
    expect(priceAsk({ ...fixed, currentPriceUsd: null }, null)).toBeNull()
  })
})

describe('an ask in another token', () => {
  const usdc = '0x0B7007c13325C48911F73A2daD5FA5dCBf808aDc'
  const inUsdc = { ...fixed, paymentToken: usdc, basePriceWei: '20000000', currentPriceWei: '20000000', currentPriceUsd: '20.00' }
  const inSlp = {
    ...fixed,
    paymentToken: '0xa8754b9fa15fc18bb59458815510e40a12cd2014',
    basePriceWei: '9000',
    currentPriceWei: '9000',
    currentPriceUsd: null,
  }
  const inRon = { ...inSlp, paymentToken: '0xe514d9deb7966c8be0ca922de8a064264ea6bcd4', currentPriceWei: '5000000000000000000' }

  it('is priced by its own decimals and rate, as a listing and as a similar ask alike', () => {
    for (const ask of [inUsdc, { ...inUsdc, currentPriceUsd: '0.00' }, { ...inUsdc, currentPriceUsd: null }]) {
      expect(usdAt(checkAsk(ask), 2_000_000, rates)).toBe(20)
      expect(priceAsk(ask, rates)).toMatchObject({ usd: 20, eth: 0.005, wei: '5000000000000000', token: 'USDC', amount: 20 })
    }
    expect(priceAsk(inSlp, rates)?.usd).toBeCloseTo(9)
  })

  it('without its rate is worth what the market says, else unknown', () => {
    expect(priceAsk(inRon, rates)).toBeNull()
    expect(usdAt(checkAsk(inRon), 2_000_000, rates)).toBeNull()
    expect(priceAsk({ ...inRon, currentPriceUsd: '3.50' }, rates)?.usd).toBe(3.5)
  })

  it('that nobody knows is refused: its decimals would be a guess', () => {
    expect(() => checkAsk({ ...fixed, paymentToken: '0x00000000000000000000000000000000000000aa' })).toThrow(
      'expected ETH, USDC, AXS, SLP or RON',
    )
  })
})
