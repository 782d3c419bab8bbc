import { describe, expect, test } from 'vitest'
import { axie, everyHour, offered, plain, sold, start } from '../testing/backtest-samples.ts'
import { compareByDay, fixed, moneyOf, pValueOf } from './contest.ts'
import { daysOf } from './days.ts'
import { opportunityOf } from './opportunity.ts'
import { createSaleBook } from './sale-book.ts'

const day = 86_400_000
const settings = { ...plain, horizonHours: 24, feeRatio: 0, undercutRatio: 0, draws: 20 }
/** Each day has one axie for $20 that is sold again for $20 more than the day's number, and one that loses five. */
const days = 5
const market = Array.from({ length: days }, (_, number) => [
  sold(axie(String(100 + number)), number * 24 + 2, 20),
  sold(axie(String(200 + number)), number * 24 + 3, 20),
  sold(axie(String(100 + number)), number * 24 + 8, 40 + number),
  sold(axie(String(200 + number)), number * 24 + 9, 15),
]).flat()
const book = createSaleBook([...market, ...everyHour(-24, days * 24 + 24)])
const at = (id: number, number: number, hours: number) =>
  opportunityOf(book, offered(axie(String(id + number)), number * 24 + hours, 20), settings, 'observed')
// A recorded listing that is there before its sale.
const early = (id: number, hours: number) => Array.from({ length: days }, (_, number) => ({ ...at(id, number, hours), fill: 1 }))
const [good, bad] = [early(100, 2), early(200, 3)]
const contest = { days: daysOf([...good, ...bad], { from: start, to: start + days * day }, settings), settings, seed: 1 }

describe('a contest', () => {
  const [winner, loser] = [moneyOf(fixed('good', good), contest), moneyOf(fixed('bad', bad), contest)]

  test('gives each day an account of its own, and takes the interval over days', () => {
    expect(winner.usdByDay.map(({ usd }) => usd)).toEqual([20, 21, 22, 23, 24])
    expect(winner.usdPerDay).toBe(22)
    // t(4) = 2.776; deviation of 20 to 24 = 1.5811.
    expect(winner.interval).toEqual({
      low: 22 - (2.776 * Math.sqrt(2.5)) / Math.sqrt(5),
      high: 22 + (2.776 * Math.sqrt(2.5)) / Math.sqrt(5),
    })
    expect(winner).toMatchObject({ bought: 5, exits: { resold: 5, alike: 0, unsold: 0, censored: 0 }, gainedShare: 1 })
    expect(loser).toMatchObject({ usdPerDay: -5, gainedShare: 0 })
  })

  test('tells apart only what the same days tell apart', () => {
    expect(compareByDay(winner, loser, contest.days)).toMatchObject({ with: 'bad', moreUsdPerDay: 27, separates: true })
    expect(compareByDay(winner, winner, contest.days)).toMatchObject({ moreUsdPerDay: 0, separates: false })
  })

  test('tells no interval of three days', () => {
    const few = { ...contest, days: contest.days.map((one, place) => ({ ...one, counts: place < 3 })) }
    const money = moneyOf(fixed('good', good), few)
    expect(money.interval).toBeNull()
    expect(money.usdPerDay).toBe(21)
    expect(compareByDay(money, money, few.days).separates).toBeNull()
  })

  test('a day counts when it is whole and the hours after it were seen', () => {
    const cut = daysOf(good, { from: start + 1, to: start + 4.5 * day }, settings)
    expect(cut.map(({ counts }) => counts)).toEqual([false, true, true, true, false])
    const dark = createSaleBook([...market, ...everyHour(-24, 36), ...everyHour(70, 140)])
    const seen = daysOf(
      good.map(({ offer }) => opportunityOf(dark, offer, settings, 'observed')),
      { from: start, to: start + days * day },
      settings,
    )
    expect(seen.map(({ counts }) => counts)).toEqual([true, false, false, true, true])
  })

  test('the p-value is the share of random draws that do as well, the alerts among them', () => {
    const draws = (...usd: number[]) => ({ ...loser, draws: usd })
    expect(pValueOf(winner, draws(1, 2, 3))).toBe(1 / 4)
    expect(pValueOf(winner, draws(200, 2, 110))).toBe(3 / 4)
  })
})
