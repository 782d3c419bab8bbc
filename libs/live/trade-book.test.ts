import { describe, expect, test } from 'vitest'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePosition } from '#lib/positions/testing/position-samples.ts'
import { sampleScored, sampleTime } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { profitTable } from './profit-table.ts'
import { select } from './selection.ts'
import { createTradeBook, selectableTrade } from './trade-book.ts'

const alert = sampleAlert(sampleScored)
const openBook = (capacity = 10) => createTradeBook({ capacity, classOf: (axieId) => (axieId === '77' ? 'bird' : null) })
const resold = { status: 'resold', resoldAt: sampleTime + 3_600_000, resoldUsd: 140 } as const

describe('a book of trades', () => {
  test('has an alert as open until something came of it, in whichever order the two arrive', () => {
    const [before, after] = [openBook(), openBook()]
    before.takeAlert(alert)
    expect(before.trades()).toMatchObject([{ kind: 'alert', state: 'open', class: 'aquatic', expectedUsd: alert.netGainUsd, netUsd: null }])
    before.takeOutcome(sampleOutcome({ ...resold, netUsd: 54 }))
    after.takeOutcome(sampleOutcome({ ...resold, netUsd: 54 }))
    after.takeAlert(alert)
    expect(before.trades()).toEqual(after.trades())
    expect(after.trades()).toMatchObject([{ state: 'resold', class: 'aquatic', expectedUsd: alert.netGainUsd, netUsd: 54 }])
  })

  test('knows the class of others by what was seen lately, and gives a random purchase no rule', () => {
    const book = openBook()
    book.takeOutcome(sampleOutcome({ alertId: 'random:x', kind: 'random', tokenId: '77' }))
    book.takeOutcome(sampleOutcome({ alertId: 'rejected:y', kind: 'rejected', tokenId: '78', rejectedFor: 'stale' }))
    expect(book.trades()).toMatchObject([
      { kind: 'random', class: 'bird', rule: null, reason: null },
      { kind: 'rejected', class: null, rule: 'default', reason: 'seen too late' },
    ])
  })

  test('finds what a limit held back by its name', () => {
    const book = openBook()
    book.takeOutcome(sampleOutcome({ alertId: 'held', heldBack: 'limit perTrade: with it $101.00, at most $100.00' }))
    book.takeOutcome(sampleOutcome({ alertId: 'posted' }))
    expect(select(book.trades(), selectableTrade, { q: 'pertrade' }).map(({ tradeId }) => tradeId)).toEqual(['held'])
  })

  test('keeps the newest of each kind', () => {
    const book = openBook(2)
    for (const number of [1, 2, 3]) book.takeOutcome(sampleOutcome({ alertId: `a${number}`, alertedAt: sampleTime + number }))
    book.takeOutcome(sampleOutcome({ alertId: 'random:x', kind: 'random' }))
    expect(book.trades().map(({ tradeId }) => tradeId)).toEqual(['a3', 'a2', 'random:x'])
  })
})

test('profit by day and rule stands beside as many purchases at random; what was not sold on is no gain', () => {
  const book = openBook()
  const day = Math.floor(sampleTime / 86_400_000) * 86_400_000
  const take = (alertId: string, change: Parameters<typeof sampleOutcome>[0]) => book.takeOutcome(sampleOutcome({ alertId, ...change }))
  take('a', { ...resold, netUsd: 30 })
  take('b', { ...resold, netUsd: -10 })
  take('c', { status: 'open', askUsd: 80 })
  take('other', { ...resold, rule: 'cheap', netUsd: 1 })
  take('random:1', { kind: 'random', ...resold, netUsd: 6 })
  take('random:2', { kind: 'random', status: 'gone' })
  take('yesterday', { ...resold, netUsd: 2, alertedAt: day - 1 })
  const rows = profitTable(book.trades())
  expect(rows.map(({ day: soldOn, rule }) => [soldOn - day, rule])).toEqual([
    [0, 'cheap'],
    [0, 'default'],
    [-86_400_000, 'default'],
  ])
  expect(rows[1]).toMatchObject({
    alerts: { purchases: 3, resold: 2, gained: 1, netUsd: 20, unsoldUsd: 80 },
    random: { purchases: 2, resold: 1, netUsd: 6 },
    randomSameCountUsd: 9,
  })
  expect(rows[2]).toMatchObject({ randomSameCountUsd: null })
})

test('what was really bought stands in its rule’s row of that day, or in one of its own', () => {
  const book = openBook()
  const day = Math.floor(sampleTime / 86_400_000) * 86_400_000
  book.takeOutcome(sampleOutcome({ ...resold, netUsd: 30 }))
  const bought = (positionId: string, change: Parameters<typeof samplePosition>[0]) =>
    samplePosition({ positionId, boughtAt: sampleTime, boughtUsd: 20, rule: 'default', ...change })
  const positions = [
    bought('a', { soldUsd: 40, soldAt: sampleTime + 1 }),
    bought('b', {}),
    bought('c', { rule: null, soldUsd: 10, soldAt: sampleTime + 1 }),
    bought('d', { boughtAt: day - 1 }),
  ]
  expect(profitTable(book.trades(), positions)).toMatchObject([
    {
      rule: '',
      alerts: { purchases: 0 },
      randomSameCountUsd: null,
      real: { purchases: 1, resold: 1, gained: 0, netUsd: 10 * 0.9575 - 20, unsoldUsd: 0 },
    },
    {
      rule: 'default',
      alerts: { purchases: 1, netUsd: 30 },
      real: { purchases: 2, resold: 1, gained: 1, netUsd: expect.closeTo(40 * 0.9575 - 20), unsoldUsd: 20 },
    },
    { day: day - 86_400_000, rule: 'default', alerts: { purchases: 0 }, real: { purchases: 1, resold: 0, unsoldUsd: 20 } },
  ])
})
