import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { axie, everyHour, hour, offered, plain, sold, start } from '../testing/backtest-samples.ts'
import { sold as soldAt, unsold } from './account.ts'
import { fillProbability, nextExitOf, opportunityOf, priceAfter } from './opportunity.ts'
import { createSaleBook } from './sale-book.ts'
import type { ExecutionSettings } from './settings.ts'

const [one, other, third] = [axie('1'), axie('2'), axie('3')]
/** The hours before and for ten days after are all seen. */
const seen = everyHour(-48, 240)
type Events = Parameters<typeof createSaleBook>[0]
const bookOf = (events: Events) => createSaleBook([sold(one, 0, 20), ...events, ...seen])
const opportunity = (events: Events, change: Partial<ExecutionSettings> = {}) =>
  opportunityOf(bookOf(events), offered(one, 0, 20), { ...plain, ...change }, 'assumed')

describe('the first price', () => {
  test('is taken below the median of the last five alike that are known when buying, and of nothing later', () => {
    const before = [9, 30, 40, 50, 60, 70].map((usd, index) => sold(axie(String(10 + index)), -20 + index, usd))
    expect(opportunity([...before, sold(other, 1, 1_000)]).firstPrice).toEqual({ usd: 45, from: 'alike' })
    expect(opportunity(before, { offerSales: 1 }).firstPrice.usd).toBe(63)
  })

  test('is the forecast where nothing alike was sold: alike is class, four cards and breed band', () => {
    const unlike = [sold(axie('5', 'nimo'), -2, 90), sold(axie('6', 'koi', 1), -2, 90), sold(axie('7'), -15 * 24, 90)]
    expect(opportunity(unlike).firstPrice).toEqual({ usd: 27, from: 'forecast' })
  })

  test('is not taken from the sale that we come before, nor from its own of before', () => {
    expect(opportunity([sold(one, -5, 99), sold(other, -3, 40)]).firstPrice.usd).toBe(36)
  })

  test('is cut after each whole day', () => {
    const price = (hours: number) => priceAfter(100, hours * hour, { cutPerDay: 0.05 })
    expect([price(0), price(23.9), price(24), price(49)]).toEqual([100, 100, 95, 100 * 0.95 ** 2])
  })
})

describe('what a purchase may be sold by', () => {
  const known = sold(other, -3, 40)

  test('is the first real resale of the same axie in time, at its real price, whatever that is', () => {
    const [chance, ...none] = opportunity([known, sold(third, 1, 90), sold(one, 50, 25), sold(one, 60, 500)]).chances
    expect(none).toEqual([])
    expect(chance).toMatchObject({ own: true, priceUsd: 25, sale: { soldAt: start + 50 * hour } })
  })

  test('not after its time, not the sale we come before, not after it was bred', () => {
    for (const events of [[], [sold(one, 73, 90)], [sold(axie('1', 'koi', 1), 5, 90)]]) expect(opportunity(events).chances).toEqual([])
    expect(opportunity([sold(axie('1', 'koi', 1), 5, 50), sold(one, 6, 40)]).chances).toMatchObject([{ own: true, priceUsd: 40 }])
  })

  test('else each sale alike by others at our price or more, for our price', () => {
    const events = [
      known,
      sold(third, 1, 35.9),
      sold(third, 2, 36),
      sold(third, 30, 99),
      sold(third, 73, 99),
      sold(axie('4', 'nimo'), 3, 99),
    ]
    expect(opportunity(events).chances.map(({ priceUsd, sale }) => [priceUsd, (sale.soldAt - start) / hour])).toEqual([
      [36, 2],
      [36 * 0.95, 30],
    ])
  })

  test('bought after a delay, it cannot be sold before', () => {
    expect(opportunity([sold(one, 0.9, 50)], { delaySeconds: 3_600 }).chances).toEqual([])
    expect(opportunity([sold(one, 1.1, 50)], { delaySeconds: 3_600 }).chances).toHaveLength(1)
  })
})

describe('what is left', () => {
  test('is worth a share of what its like then sold for, at the finest likeness that has any, and may well lose', () => {
    const worth = (events: Events, change: Partial<ExecutionSettings> = {}) => unsold(opportunity(events, change), { ...plain, ...change })
    expect(worth([sold(other, 10, 30), sold(third, 71, 30)], { sellChance: 0 }).gainUsd).toBeCloseTo(15 * 0.96 - 20)
    expect(worth([sold(axie('5', 'koi', 4), 10, 60)]).gainUsd).toBeCloseTo(30 * 0.96 - 20)
    expect(worth([sold(axie('5', 'koi', 4), 10, 60)], { liquidationRatio: 0 }).gainUsd).toBe(-20)
    expect(worth([]).exit.kind).toBe('unsold')
  })

  test('is censored where too few of its hours were seen', () => {
    const [few, most] = [everyHour(0, 40), everyHour(0, 60)].map((hours) =>
      opportunityOf(createSaleBook([sold(one, 0, 20), ...hours]), offered(one, 0, 20), plain, 'assumed'),
    )
    expect([few, most].map((pick) => unsold(pick!, plain).exit.kind)).toEqual(['censored', 'unsold'])
  })

  test('nothing is ever held at its cost', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (likeUsd, liquidationRatio) => {
        const pick = { ...opportunity([]), likeUsd }
        expect(unsold(pick, { ...plain, liquidationRatio }).gainUsd).toBeCloseTo(likeUsd * liquidationRatio * 0.96 - 20, 6)
      }),
    )
  })
})

test('what was sold pays fee and gas', () => {
  const settings = { ...plain, gasUsd: 1 }
  const pick = opportunityOf(bookOf([sold(one, 5, 50)]), offered(one, 0, 20), settings, 'assumed')
  expect(soldAt(pick, pick.chances[0]!, settings).gainUsd).toBeCloseTo(50 * 0.96 - 1 - 21)
})

test('the exit that a forecast is judged by: the next own resale, else one next of its like, whatever the price', () => {
  const exit = (events: Events) => nextExitOf(bookOf(events), offered(one, 0, 20), plain)?.usd
  expect([
    exit([]),
    exit([sold(other, 3, 1), sold(third, 4, 90)]),
    exit([sold(other, 3, 1), sold(one, 70, 44)]),
    exit([sold(other, 73, 1)]),
  ]).toEqual([undefined, 1, 44, undefined])
})

describe('the race', () => {
  const race = { delaySeconds: 60, halfLifeMinutes: 1, competition: 2 }

  test('a fair price is still there after the half-life in half of all cases; half a price needs a quarter of the time', () => {
    expect(fillProbability(0, race)).toBe(0.5)
    expect(fillProbability(0.5, race)).toBeCloseTo(0.5 ** 4)
    expect(fillProbability(0.9, { ...race, delaySeconds: 0 })).toBe(1)
  })

  test('is decided by what was known when buying: a later price changes nothing', () => {
    const fill = (later: number) => opportunity([sold(other, -3, 40), sold(third, 1, later)], { delaySeconds: 60 }).fill
    expect(fill(1)).toBe(fill(1_000))
    expect(fill(1)).toBeLessThan(1)
  })

  test('of recorded listings: whoever bought before us was first', () => {
    const recorded = (delaySeconds: number, hours: number) =>
      opportunityOf(bookOf([]), { ...offered(one, 0, 20), listedAt: start - hours * hour }, { ...plain, delaySeconds }, 'observed').fill
    expect([recorded(3_599, 1), recorded(3_600, 1)]).toEqual([1, 0])
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
