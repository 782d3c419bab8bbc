import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultExecution, type ExecutionSettings, fillProbability, outcomeOf } from './execution.ts'
import { createSaleBook } from './sale-book.ts'
import { axie, hour, offered, sold, start } from './testing/backtest-samples.ts'

/** No delay and no gas: numbers that can be checked in the head. */
const settings: ExecutionSettings = { ...defaultExecution, delaySeconds: 0, gasUsd: 0, undercutRatio: 0.1, feeRatio: 0.04 }
const [one, other, third] = [axie('1'), axie('2'), axie('3')]
/** The data end ten days later, so that nothing is censored. */
const end = sold(axie('99', 'nimo', 7), 240, 5)
const bought = sold(one, 0, 20)
const outcome = (events: Parameters<typeof createSaleBook>[0], change: Partial<ExecutionSettings> = {}) =>
  outcomeOf(createSaleBook([bought, ...events, end]), offered(one, 0, 20), { ...settings, ...change })

describe('what a purchase could be sold for', () => {
  test('is what the same axie was really sold for next, whenever that was', () => {
    const { exit, gainUsd } = outcome([sold(other, 1, 90), sold(third, 2, 90), sold(one, 200, 50), sold(one, 210, 500)])
    expect(exit).toEqual({ kind: 'resold', at: start + 200 * hour, priceUsd: 50, sales: 1 })
    expect(gainUsd).toBeCloseTo(50 * 0.96 - 20)
  })

  test('is not the sale that we come before, and not the axie after it was bred', () => {
    expect(outcome([]).exit.kind).toBe('unsold')
    expect(outcome([sold(axie('1', 'koi', 1), 5, 50)]).exit.kind).toBe('unsold')
    expect(outcome([sold(axie('1', 'koi', 1), 5, 50), sold(one, 6, 40)]).exit.priceUsd).toBe(40)
  })

  test('else the median of the next two to five alike by others within 72 hours, less the undercut', () => {
    const { exit, gainUsd } = outcome([sold(other, 10, 40), sold(third, 71, 60)])
    expect(exit).toMatchObject({ kind: 'similar', at: start + 71 * hour, sales: 2 })
    expect(exit.priceUsd).toBeCloseTo(50 * 0.9)
    expect(gainUsd).toBeCloseTo(45 * 0.96 - 20)
    const six = [30, 40, 50, 60, 70, 1_000].map((usd, index) => sold(axie(String(10 + index)), 1 + index, usd))
    expect(outcome(six).exit).toMatchObject({ at: start + 5 * hour, sales: 5, priceUsd: 45 })
  })

  test('one alike is not enough, nor are sales before, later than 72 hours, of another breed count or of other parts', () => {
    for (const events of [
      [sold(other, 10, 40)],
      [sold(other, -2, 40), sold(third, -1, 40)],
      [sold(other, 10, 40), sold(third, 73, 40)],
      [sold(other, 10, 40), sold(axie('3', 'koi', 2), 11, 40)],
      [sold(other, 10, 40), sold(axie('3', 'nimo'), 11, 40)],
    ]) {
      expect(outcome(events).exit.kind).toBe('unsold')
    }
  })

  test('unsold, it is marked 72 hours later at the lower quartile of what its like was sold for; at nothing where none was', () => {
    const before = [10, 30, 32, 34].map((usd, index) => sold(axie(String(10 + index)), -9 + index, usd))
    expect(outcome(before).exit).toEqual({ kind: 'unsold', at: start + 72 * hour - 1, priceUsd: 30, sales: 4 })
    expect(outcome([sold(axie('5', 'koi', 3), 1, 12), sold(axie('6', 'koi', 4), 2, 14)]).exit.priceUsd).toBe(12)
    expect(outcome([]).exit).toMatchObject({ priceUsd: 0, sales: 0 })
    expect(outcome([]).gainUsd).toBe(-20)
  })

  test('a mark is no gain: above what was paid it counts as what was paid, below as the loss it is', () => {
    const marked = (usd: number) => outcome([sold(axie('5', 'koi', 3), 1, usd), sold(axie('6', 'koi', 4), 2, usd)])
    expect([marked(90).exit.priceUsd, marked(90).gainUsd]).toEqual([90, 0])
    expect(marked(10).gainUsd).toBeCloseTo(10 * 0.96 - 20)
  })

  test('where the data end before the 72 hours, it is censored: nobody knows', () => {
    const book = createSaleBook([bought, sold(other, 10, 40), sold(axie('9', 'nimo'), 71, 5)])
    expect(outcomeOf(book, offered(one, 0, 20), settings).exit).toMatchObject({ kind: 'censored', at: start + 71 * hour })
  })

  test('bought after a delay, it cannot be sold again before', () => {
    expect(outcome([sold(one, 0.9, 50)], { delaySeconds: 3_600 }).exit.kind).toBe('unsold')
    expect(outcome([sold(one, 1.1, 50)], { delaySeconds: 3_600 }).exit.kind).toBe('resold')
  })

  test('the market moved too: what the same money would have gained is taken off', () => {
    const level = (from: number, usd: number) =>
      Array.from({ length: 24 }, (_, index) => sold(axie(String(100 + from + index), 'nimo', 5), from + index + 0.5, usd))
    const { gainUsd, gainOverMarketUsd } = outcome([...level(-24, 10), ...level(60, 20), sold(one, 84, 50)])
    expect(gainUsd).toBeCloseTo(28)
    expect(gainOverMarketUsd).toBeCloseTo(28 - 20)
  })
})

describe('the race', () => {
  const race = { delaySeconds: 60, halfLifeMinutes: 1, competition: 2 }

  test('a fair price is still there after the half-life in half of all cases; half a price needs a quarter of the time', () => {
    expect(fillProbability(0, race)).toBe(0.5)
    expect(fillProbability(0.5, race)).toBeCloseTo(0.5 ** 4)
    expect(fillProbability(0.9, { ...race, delaySeconds: 0 })).toBe(1)
  })

  test('the better the bargain, the longer the delay, the harder the competition, the smaller the chance', () => {
    fc.assert(
      fc.property(
        fc.record({
          discount: fc.double({ min: 0, max: 0.99, noNaN: true }),
          delaySeconds: fc.integer({ min: 0, max: 3_600 }),
          halfLifeMinutes: fc.integer({ min: 1, max: 600 }),
          competition: fc.integer({ min: 0, max: 12 }),
        }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        ({ discount, ...given }, more) => {
          const fill = fillProbability(discount, given)
          expect(fill).toBeGreaterThanOrEqual(0)
          expect(fill).toBeLessThanOrEqual(1)
          expect(fillProbability(Math.min(0.99, discount + more), given)).toBeLessThanOrEqual(fill)
          expect(fillProbability(discount, { ...given, delaySeconds: given.delaySeconds + 60 })).toBeLessThanOrEqual(fill)
          expect(fillProbability(discount, { ...given, competition: given.competition + 1 })).toBeLessThanOrEqual(fill)
        },
      ),
    )
  })
})
