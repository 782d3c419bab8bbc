import { expect, test } from 'vitest'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { describeMoney, paperMoneyOf } from './money.ts'

const outcome = (kind: 'alert' | 'random' | 'rejected', askUsd: number, netUsd: number | null) => ({ kind, askUsd, netUsd })

test('money counts alerts that were sold on, apart from those that were not, and beside a random buyer', () => {
  const money = paperMoneyOf([
    outcome('alert', 10, 4.5),
    outcome('alert', 20, -1.25),
    outcome('alert', 30, null),
    outcome('random', 10, -2),
    outcome('rejected', 10, 50),
  ])
  expect(money).toEqual({ alerts: 3, askedUsd: 60, soldOn: 2, gained: 1, netUsd: 3.25, random: { soldOn: 1, netUsd: -2 }, accounts: [] })
  expect(describeMoney(money, true)).toEqual([
    'Money on paper (SIMULATED): 3 alerts for $60.00 in all, if each was bought at its ask;',
    '2 sold on so far: +$3.25 after fees, 1 gained and 1 lost. A random buyer: -$2.00 of 1.',
  ])
})

test('nothing sold on, and nothing alerted, are said as such', () => {
  expect(describeMoney(paperMoneyOf([outcome('alert', 10, null)]), false).join()).toMatch(
    /^Money on paper: 1 alert for \$10\.00 .* none is sold on/,
  )
  expect(describeMoney(paperMoneyOf([]), false)).toEqual(['Money on paper: no alert, nothing bought.'])

  const accounts = describeMoney(paperMoneyOf([outcome('alert', 10, null)], [samplePaperTrade()]), false)
  expect(accounts.slice(1)).toEqual([
    'Paper accounts, $1,000 each at the start:',
    expect.stringMatching(/^ {2}default: 1 of 1 alerts bought/),
  ])
})
