import { describe, expect, test } from 'vitest'
import { dayMillis } from '#lib/market/horizons.ts'
import { axie, offered, sold } from './backtest-samples.ts'
import type { Candidate } from './candidate.ts'
import { defaultExecution, outcomeOf } from './execution.ts'
import { summarise } from './outcome-summary.ts'
import { createSaleBook } from './sale-book.ts'
import { isBelowFloor, passesSimilarSaleRule, randomPicks } from './strategies.ts'

const candidate = (tokenId: string, hours: number, askUsd: number, change: Partial<Candidate> = {}): Candidate => ({
  ...offered(axie(tokenId), hours, askUsd),
  class: 'aquatic',
  modelId: 'm',
  quantilesUsd: [10, 20, 30, 40, 50],
  similarUsd: null,
  verdicts: [{ rules: [], refusal: 'below_margin' }],
  promisedUsd: 0,
  ...change,
})

describe('what anyone could do without a model', () => {
  test('the similar-sale rule wants 1.3 times the ask after the fee, and five dollars', () => {
    const passes = (similarUsd: number | null, askUsd: number) => passesSimilarSaleRule(candidate('1', 0, askUsd, { similarUsd }), 0.04)
    expect([passes(null, 1), passes(28, 20), passes(27, 20), passes(8, 4), passes(10, 4)]).toEqual([false, true, false, false, true])
  })

  test('the floor is what class and breed count were sold for in the 24 hours before, and nothing later', () => {
    const book = createSaleBook([sold(axie('5'), -25, 5), sold(axie('6'), -2, 20), sold(axie('7'), 1, 3)])
    const below = (askUsd: number) => isBelowFloor(candidate('1', 0, askUsd), book)
    expect([below(19), below(20), below(4)]).toEqual([true, false, true])
    expect(isBelowFloor(candidate('1', -30, 1), book)).toBe(false)
  })

  test('the random buyer takes as many each day as were alerted, each listing at most once, by its seed', () => {
    const listings = Array.from({ length: 60 }, (_, index) => candidate(String(index), index, 20))
    const alerted = [listings[1], listings[2], listings[30]] as Candidate[]
    const picks = randomPicks(listings, alerted, 7)
    const days = Map.groupBy(picks, ({ listedAt }) => Math.floor(listedAt / dayMillis))
    const wanted = Map.groupBy(alerted, ({ listedAt }) => Math.floor(listedAt / dayMillis))
    expect([...days].map(([day, { length }]) => [day, length])).toEqual([...wanted].map(([day, { length }]) => [day, length]))
    expect(new Set(picks).size).toBe(3)
    expect(randomPicks(listings, alerted, 7)).toEqual(picks)
    const drawn = new Set(Array.from({ length: 300 }, (_, seed) => randomPicks(listings, alerted, seed)).flat())
    expect(drawn.size).toBeGreaterThan(45)
  })
})

test('a summary: shares of what can be judged, money by the chance of being first', () => {
  const settings = { ...defaultExecution, delaySeconds: 0, feeRatio: 0, gasUsd: 0, undercutRatio: 0 }
  const book = createSaleBook([
    sold(axie('1'), 0, 20),
    sold(axie('1'), 5, 30),
    sold(axie('2', 'nimo'), 0, 20),
    sold(axie('3', 'koi', 2), 90, 20),
    sold(axie('9', 'nimo', 7), 100, 1),
  ])
  const outcomes = [
    { ...outcomeOf(book, offered(axie('1'), 0, 20), settings), fill: 0.5 },
    outcomeOf(book, offered(axie('2', 'nimo'), 0, 20), settings),
    outcomeOf(book, offered(axie('3', 'koi', 2), 90, 20), settings),
  ]
  expect(summarise(outcomes)).toMatchObject({
    picks: 3,
    exits: { resold: 1, similar: 0, unsold: 1, censored: 1 },
    gainedShare: 0.5,
    // The unsold one is marked at what it cost.
    returnOnSpend: 10 / 40,
    expectedGainUsd: 10 * 0.5,
    expectedReturn: 5 / 30,
    resales: 1,
    resaleGainedShare: 1,
    resaleMedianReturn: 0.5,
  })
})
