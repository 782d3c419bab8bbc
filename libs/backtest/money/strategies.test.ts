import { describe, expect, test } from 'vitest'
import { axie, offered, sold } from '../testing/backtest-samples.ts'
import type { Candidate } from './candidate.ts'
import { createSaleBook } from './sale-book.ts'
import { createRandomBuyer, dayOf, isBelowFloor, oncePerListing, passesSimilarSaleRule } from './strategies.ts'

describe('what anyone could do without a model', () => {
  test('the similar-sale rule wants 1.3 times the ask after the fee, and five dollars', () => {
    const passes = (similarUsd: number | null, askUsd: number) => passesSimilarSaleRule(offered(axie('1'), 0, askUsd, { similarUsd }), 0.04)
    expect([passes(null, 1), passes(28, 20), passes(27, 20), passes(8, 4), passes(10, 4)]).toEqual([false, true, false, false, true])
  })

  test('the floor is what class and breed count were sold for in the 24 hours before, and nothing later', () => {
    const book = createSaleBook([sold(axie('5'), -25, 5), sold(axie('6'), -2, 20), sold(axie('7'), 1, 3)])
    const below = (askUsd: number) => isBelowFloor(offered(axie('1'), 0, askUsd), book)
    expect([below(19), below(20), below(4)]).toEqual([true, false, true])
    expect(isBelowFloor(offered(axie('1'), -30, 1), book)).toBe(false)
  })

  test('the random buyer takes as many of each day and each tenth of its asks as were alerted, each listing at most once, by its seed', () => {
    const listings = Array.from({ length: 60 }, (_, index) => offered(axie(String(index)), index, 1 + ((index * 7) % 60)))
    const alerted = [listings[1], listings[2], listings[30]] as Candidate[]
    const buyer = createRandomBuyer(listings, alerted)
    const cellOf = (one: Candidate): string => {
      const day = listings.filter((other) => dayOf(other) === dayOf(one)).sort((a, b) => a.askUsd - b.askUsd)
      return `${dayOf(one)} ${[...Array(10).keys()].findIndex((decile) => day.indexOf(one) < Math.floor(((decile + 1) * day.length) / 10))}`
    }
    for (let seed = 0; seed < 20; seed++) {
      const picks = buyer(seed)
      expect(picks.map(cellOf).sort()).toEqual(alerted.map(cellOf).sort())
      expect(new Set(picks).size).toBe(3)
    }
    expect(buyer(7)).toEqual(buyer(7))
    expect(new Set(Array.from({ length: 100 }, (_, seed) => buyer(seed)).flat()).size).toBeGreaterThan(5)
  })

  test('a listing that was brought up twice is one pick', () => {
    const twice = offered(axie('1'), 0, 20)
    expect(oncePerListing([twice, { ...twice, askUsd: 18 }])).toEqual([twice])
  })
})
