import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { midmeanOf, referencePrices } from '#lib/market/testing/naive-market.ts'
import { createRollingLevels, levelSpans, referenceOf } from './rolling-level.ts'

/** Sales close enough for the short windows to fill, some of them late; forgotten after 8 days here. */
const sale = fc.record({
  after: fc.constantFrom(0, minuteMillis, 3 * minuteMillis, 7 * minuteMillis, hourMillis, 6 * hourMillis),
  late: fc.constantFrom(0, 0, 0, 0, 10 * minuteMillis, 5 * hourMillis),
  usd: fc.integer({ min: 1, max: 200 }),
  classNumber: fc.integer({ min: 0, max: 2 }),
})
const keptMillis = 8 * dayMillis

describe('rolling levels', () => {
  it('are what sorting the sales of each span says, before each sale and at any time after it', { timeout: 60_000 }, () => {
    const laterBy = fc.constantFrom(0, 30 * minuteMillis, 5 * hourMillis, 2 * dayMillis)
    fc.assert(
      fc.property(fc.array(sale, { minLength: 100, maxLength: 250 }), laterBy, (draws, later) => {
        const levels = createRollingLevels(3)
        const sold: { soldAt: number; usd: number; classNumber: number }[] = []
        let [now, newest] = [0, Number.NEGATIVE_INFINITY]
        for (const { after, late, usd, classNumber } of draws) {
          now += after
          levels.dropUpTo(now - keptMillis)
          const soldAt = now - late
          newest = Math.max(newest, soldAt)
          const end = Math.max(soldAt, newest - hourMillis)
          const expected = midmeanOf(referencePrices(sold, end, end))
          const level = levels.add({ soldAt, logPrice: Math.log(usd), group: classNumber })
          if (expected === null) expect(level).toBeNull()
          else expect(level).toBeCloseTo(expected, 9)
          sold.push({ soldAt, usd, classNumber })
        }
        const at = now + later
        const { market, group: ofClass } = levels.at(at, 1)
        for (const [span, millis] of Object.entries(levelSpans) as [keyof typeof levelSpans, number][]) {
          const within = sold.filter(({ soldAt }) => soldAt > at - millis)
          expect(market[span].count()).toBe(within.length)
          expect(market[span].midmean() ?? 0).toBeCloseTo(midmeanOf(within.map(({ usd }) => usd)) ?? 0, 9)
          expect(ofClass[span].count()).toBe(within.filter(({ classNumber }) => classNumber === 1).length)
        }
        expect(levels.salesAfter(at - hourMillis)).toBe(sold.filter(({ soldAt }) => soldAt > at - hourMillis).length)
      }),
      { numRuns: 60 },
    )
  })

  it('refer to 6 hours with 50 sales, else to 24 with 20, else to a week', () => {
    const levels = createRollingLevels(3)
    const sell = (count: number, soldAt: number, usd: number): void => {
      for (let index = 0; index < count; index += 1) levels.add({ soldAt, logPrice: Math.log(usd), group: 0 })
    }
    const reference = (): number => Math.round(Math.exp(referenceOf(levels.at(7 * dayMillis, 0).market)?.midmean() ?? 0))
    sell(100, dayMillis, 10)
    expect(reference()).toBe(10)
    sell(19, 7 * dayMillis - 20 * hourMillis, 20)
    expect(reference()).toBe(10)
    sell(1, 7 * dayMillis - 20 * hourMillis, 20)
    expect(reference()).toBe(20)
    sell(49, 7 * dayMillis - hourMillis, 40)
    expect(reference()).not.toBe(40)
    sell(1, 7 * dayMillis - hourMillis, 40)
    expect(reference()).toBe(40)
  })

  it('do not see the sales of their own moment', () => {
    const levels = createRollingLevels(3)
    levels.add({ soldAt: 1_000, logPrice: Math.log(10), group: 0 })
    expect(Math.exp(levels.add({ soldAt: 2_000, logPrice: Math.log(999), group: 0 }) ?? 0)).toBeCloseTo(10, 1)
    expect(Math.exp(levels.add({ soldAt: 2_000, logPrice: Math.log(999), group: 0 }) ?? 0)).toBeCloseTo(10, 1)
  })
})
