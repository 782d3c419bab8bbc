import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PairedLosses } from '#schemas/types.ts'
import { betterOf, type Comparison, noComparison, salesUntil, withBlock } from './comparison.ts'
import { boundaryOf } from './confidence-sequence.ts'
import { lossOf } from './loss.ts'
import { pairLosses } from './paired-losses.ts'
import { learningSettings as settings } from './settings.ts'

describe('the loss of a forecast', () => {
  it('is the mean pinball loss over five quantiles of log price', () => {
    const exact = { q05: 30, q25: 30, q50: 30, q75: 30, q95: 30 }
    expect(lossOf(exact, 30)).toBe(0)
    // Half too low at every level: log 2 times the mean level, which is a half.
    expect(lossOf({ q05: 15, q25: 15, q50: 15, q75: 15, q95: 15 }, 30)).toBeCloseTo(Math.log(2) / 2)
  })
})

describe('paired losses', () => {
  it('are of the sales that both forecast, with differences clipped, by the other model', () => {
    const sales = [
      { clock: 1, losses: { a: 0.3, b: 0.1, c: 0.3 } },
      { clock: 2, losses: { a: 2, b: 0.1 } },
      { clock: 3, losses: { b: 0.1 } },
      { clock: 4, losses: { a: 0.1 } },
    ]
    const [b, c] = pairLosses(sales, 'a', 0.5)
    expect(b).toEqual({ modelId: 'b', sales: 2, championLoss: 2.3, difference: expect.closeTo(0.7), squares: expect.closeTo(0.29) })
    expect(c).toEqual({ modelId: 'c', sales: 1, championLoss: 0.3, difference: 0, squares: 0 })
  })
})

const block = (sales: number, mean: number, spread: number): PairedLosses => ({
  modelId: 'b',
  sales,
  championLoss: sales * 0.06,
  difference: sales * mean,
  squares: sales * (spread * spread + mean * mean),
})

const summed = (blocks: readonly PairedLosses[]): Comparison => blocks.reduce(withBlock, noComparison)

describe('a comparison', () => {
  it('narrows with every block, and is centred on the share of the loss that was saved', () => {
    const blocks = Array.from({ length: 60 }, () => block(200, 0.0018, 0.02))
    const [early, late] = [betterOf(summed(blocks.slice(0, 5)), settings), betterOf(summed(blocks), settings)]
    expect(late.better).toBeCloseTo(0.03)
    expect(late.upper - late.lower).toBeLessThan(early.upper - early.lower)
    expect(late.lower).toBeGreaterThan(0)
    expect(early.lower).toBeLessThan(0)
  })

  it('is no more certain of sales that share a mood than the mood allows', () => {
    const moody = Array.from({ length: 20 }, (_, index) => block(200, index % 2 === 0 ? 0.01 : -0.006, 0.02))
    const even = Array.from({ length: 20 }, () => block(200, 0.002, 0.02))
    const width = (blocks: readonly PairedLosses[]): number =>
      betterOf(summed(blocks), settings).upper - betterOf(summed(blocks), settings).better
    expect(width(moody)).toBeGreaterThan(1.4 * width(even))
  })

  it('says after about how many more sales it will be there, and that it is there then', () => {
    const blocks = (count: number) => summed(Array.from({ length: count }, () => block(200, 0.0018, 0.02)))
    const more = salesUntil(blocks(10), 0, 1, settings) as number
    expect(more).toBeGreaterThan(0)
    expect(betterOf(blocks(10 + Math.floor(more / 200) - 2), settings).lower).toBeLessThan(0)
    expect(betterOf(blocks(10 + Math.ceil(more / 200) + 2), settings).lower).toBeGreaterThan(0)
    expect(salesUntil(blocks(10), 0, -1, settings), 'it goes the other way').toBeNull()
  })
})

describe('the boundary', () => {
  it('grows with the variance, and is wider for a smaller chance of error', () => {
    const boundary = { alpha: 0.05, range: 1, tightFrom: 0.1 }
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true }), (one, other) => {
        expect(boundaryOf(Math.max(one, other), boundary)).toBeGreaterThanOrEqual(boundaryOf(Math.min(one, other), boundary))
        expect(boundaryOf(one, { ...boundary, alpha: 0.01 })).toBeGreaterThan(boundaryOf(one, boundary))
      }),
    )
  })

  it('is crossed by sums without drift in at most 5% of markets, however often one looks', () => {
    const draw = lcg(7)
    const crossed = Array.from({ length: 400 }, () => {
      let [sum, variance] = [0, 0]
      return Array.from({ length: 1_500 }).some(() => {
        const step = draw() < 0.5 ? -0.5 : 0.5
        sum += step
        variance += step * step
        return sum > boundaryOf(variance, { alpha: 0.05, range: 1, tightFrom: 0.1 })
      })
    }).filter(Boolean).length
    expect(crossed / 400).toBeLessThanOrEqual(0.05)
  })
})

/** Numerical Recipes' linear congruential generator: the same draws in every run. */
function lcg(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
