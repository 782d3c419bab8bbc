import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { axie, everyHour, hour, offered, plain, sold, start } from '../testing/backtest-samples.ts'
import { runAccount, scheduleOf, type Trade } from './account.ts'
import { curveOf, drawdownsOf, worthOf } from './curve.ts'
import type { Luck } from './luck.ts'
import { type Opportunity, opportunityOf } from './opportunity.ts'
import { createSaleBook } from './sale-book.ts'
import type { ExecutionSettings } from './settings.ts'

const settings: ExecutionSettings = { ...plain, feeRatio: 0, undercutRatio: 0, capitalUsd: 100, perTradeUsd: 60, maximumPositions: 2 }
const lucky: Luck = { race: () => 0, buyer: () => 0 }
type Events = Parameters<typeof createSaleBook>[0]
/** Known before: five alike at $90, so that a bargain or two leave the median where it is. */
const known = [10, 11, 12, 13, 14].map((id) => sold(axie(String(id)), -2, 90))
const seen = everyHour(-48, 240)
const bookOf = (events: Events) => createSaleBook([...known, ...events, ...seen])

/** Bought from the listings of these sales. */
function run(picks: readonly (readonly [string, number, number])[], later: Events, change: Partial<ExecutionSettings> = {}, luck = lucky) {
  const given = { ...settings, ...change }
  const book = bookOf([...picks.map(([id, hours, usd]) => sold(axie(id), hours, usd)), ...later])
  const opportunities = picks.map(([id, hours, usd]) => opportunityOf(book, offered(axie(id), hours, usd), given, 'assumed'))
  return { ...runAccount(scheduleOf(opportunities), given, luck), opportunities, book }
}
const exitsOf = ({ trades }: { trades: readonly Trade[] }) =>
  trades.map(({ opportunity, exit, gainUsd }) => [opportunity.offer.tokenId, exit.kind, (exit.at - start) / hour, gainUsd])

describe('an account', () => {
  test('buys with what it has, and has again what it sold', () => {
    const { trades, missed } = run(
      [
        ['1', 1, 60],
        ['2', 2, 50],
        ['3', 4, 60],
      ],
      [sold(axie('8'), 3, 90), sold(axie('9'), 5, 95)],
    )
    expect(exitsOf({ trades })).toEqual([
      ['1', 'alike', 3, 30],
      ['3', 'alike', 5, 30],
    ])
    expect(missed).toMatchObject({ 'not enough money left': 1 })
  })

  test('uses each real sale once: its buyer takes one axie, of ours the cheapest', () => {
    const picks = [
      ['1', 1, 20],
      ['2', 26, 21],
    ] as const
    expect(exitsOf(run(picks, [sold(axie('8'), 27, 200)]))).toEqual([
      ['1', 'alike', 27, 90 * 0.95 - 20],
      ['2', 'unsold', 98 - 1 / hour, expect.any(Number)],
    ])
    expect(exitsOf(run(picks, [sold(axie('8'), 27, 200), sold(axie('9'), 28, 200)])).map(([, kind]) => kind)).toEqual(['alike', 'alike'])
  })

  test('a buyer comes by chance; the axie itself being really resold is no chance', () => {
    const unlucky: Luck = { race: () => 0, buyer: () => 0.5 }
    const sale = (chance: number) => exitsOf(run([['1', 1, 20]], [sold(axie('8'), 3, 90)], { sellChance: chance }, unlucky))[0]?.[1]
    expect([sale(0.5), sale(0.51)]).toEqual(['unsold', 'alike'])
    expect(exitsOf(run([['1', 1, 20]], [sold(axie('8'), 3, 90), sold(axie('1'), 9, 30)], { sellChance: 0 }, unlucky))).toEqual([
      ['1', 'resold', 9, 10],
    ])
  })

  test('what it comes before never happens: nothing else of ours is sold by it, and it is not bought back from ourselves', () => {
    const early = { ...offered(axie('2'), 5, 95), listedAt: start + 2 * hour }
    const book = bookOf([sold(axie('1'), 1, 20), sold(axie('2'), 5, 95), sold(axie('1'), 9, 33)])
    const given = { ...settings, capitalUsd: 1_000, perTradeUsd: 500, maximumPositions: 9 }
    const at = (listing: typeof early) => opportunityOf(book, listing, given, 'observed')
    const first = { ...offered(axie('1'), 1, 20), listedAt: start + 0.5 * hour }
    const again = { ...offered(axie('1'), 9, 33), listedAt: start + 9 * hour - 1 }
    const { trades, missed } = runAccount(scheduleOf([at(first), at(early), at(again)]), given, lucky)
    expect(exitsOf({ trades }).map(([id, kind]) => [id, kind])).toEqual([
      ['1', 'resold'],
      ['2', 'unsold'],
    ])
    expect(missed).toMatchObject({ 'held or just sold by ourselves': 1 })
  })

  test('keeps its limits: the dearest purchase, the number of positions, stuck ones too; the same axie is held once', () => {
    expect(run([['1', 1, 61]], []).missed).toMatchObject({ 'dearer than one purchase may be': 1 })
    const three = [1, 2, 3].map((id) => [String(id), id * 80, 9] as const)
    expect(run(three, []).missed).toMatchObject({ 'too many positions': 1 })
  })

  test('loses the race where its luck is above the chance', () => {
    const raced = (luck: number) => {
      const { opportunities } = run([['1', 1, 10]], [])
      const pick: Opportunity = { ...opportunities[0]!, fill: 0.4 }
      return runAccount(scheduleOf([pick]), settings, { ...lucky, race: () => luck }).trades.length
    }
    expect([raced(0.39), raced(0.4)]).toEqual([1, 0])
  })

  test('what is unsold is stuck: it never turns into money', () => {
    const picks = [
      ['1', 1, 60],
      ['2', 80, 50],
    ] as const
    const { missed, trades, book } = run(picks, [])
    expect(missed).toMatchObject({ 'not enough money left': 1 })
    const curve = curveOf(trades, book, settings, { from: start, to: start + 90 * hour })
    expect(curve.find(({ at }) => at === start + 2 * hour)).toMatchObject({ cashUsd: 40, offeredUsd: 45, stuckUsd: 0 })
    expect(curve.at(-1)).toMatchObject({ cashUsd: 40, offeredUsd: 0 })
    expect(curve.at(-1)!.stuckUsd).toBeCloseTo(60 + trades[0]!.gainUsd)
  })

  test('money is neither made nor lost but by what was bought; every pick is bought or missed for a reason', () => {
    const picks = fc.array(
      fc.record({ id: fc.integer({ min: 1, max: 6 }), hours: fc.integer({ min: 0, max: 150 }), usd: fc.integer({ min: 1, max: 70 }) }),
      { maxLength: 30 },
    )
    const later = fc.array(fc.record({ hours: fc.integer({ min: 0, max: 200 }), usd: fc.integer({ min: 1, max: 200 }) }), { maxLength: 30 })
    fc.assert(
      fc.property(picks, later, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, sales, sellChance) => {
        const sorted = [...drawn].sort((one, other) => one.hours - other.hours)
        const { trades, missed, book } = run(
          sorted.map(({ id, hours, usd }) => [String(id), hours, usd] as const),
          sales.map(({ hours, usd }, index) => sold(axie(String(500 + index)), hours + 0.25, usd)),
          { sellChance },
        )
        expect(trades.length + Object.values(missed).reduce((sum, count) => sum + count, 0)).toBe(drawn.length)
        const curve = curveOf(trades, book, settings, { from: start, to: start + 240 * hour })
        for (const { cashUsd } of curve) expect(cashUsd).toBeGreaterThanOrEqual(-1e-9)
        const gains = trades.reduce((sum, { gainUsd }) => sum + gainUsd, 0)
        expect(worthOf(curve.at(-1)!)).toBeCloseTo(settings.capitalUsd + gains, 6)
        for (const { ratio } of drawdownsOf(curve, settings.capitalUsd)) expect(ratio).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 60 },
    )
  })
})
