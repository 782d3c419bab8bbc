import { expect, test } from 'vitest'
import { classicAccount } from './paper-book.ts'
import { paperAccounts, paperDays } from './paper-summary.ts'
import { paperLines } from './paper-words.ts'
import { samplePaperTrade } from './testing/paper-samples.ts'

const hour = 3_600_000
const day = 24 * hour
const noon = Date.parse('2026-11-01T12:00:00Z')

const trades = [
  samplePaperTrade({ tradeId: 'a', alertedAt: noon, boughtAt: noon, state: 'resold', endedAt: noon + hour, priceUsd: 60, gainUsd: 37.4 }),
  samplePaperTrade({ tradeId: 'b', alertedAt: noon, boughtAt: noon, state: 'unsold', endedAt: noon + day, priceUsd: 10, gainUsd: -10.5 }),
  samplePaperTrade({ tradeId: 'c', alertedAt: noon + day, boughtAt: noon + day, state: 'offered' }),
  samplePaperTrade({ tradeId: 'd', alertedAt: noon + day, state: 'missed', missedFor: 'gone' }),
  samplePaperTrade({ tradeId: 'e', account: classicAccount, alertedAt: noon, state: 'missed', missedFor: 'money' }),
]

test('an account is what its trades came to, with every way to end beside what it gained', () => {
  const [own, classic] = paperAccounts(trades)
  expect(own).toMatchObject({
    account: 'default',
    since: noon,
    cashUsd: 1_000 + 26.9 - 20.02,
    figures: { alerts: 4, bought: 3, offered: 1, resold: 1, alike: 0, unsold: 1, censored: 0, gained: 1, missed: { gone: 1 } },
  })
  expect(
    own?.curve.map(({ at, cashUsd, offeredUsd, gainUsd }) => [(at - noon) / hour, ...[cashUsd, offeredUsd, gainUsd].map(Math.round)]),
  ).toEqual([
    [1, 960, 40, 0],
    [2, 1_017, 20, 37],
    [25, 1_007, 20, 27],
  ])
  expect(classic).toMatchObject({ account: classicAccount, cashUsd: 1_000, curve: [] })
})

test('days are those of the alerts, newest first', () => {
  expect(
    paperDays(trades).map(({ day: at, account, figures }) => [new Date(at).toISOString().slice(0, 10), account, figures.gainUsd]),
  ).toEqual([
    ['2026-11-02', 'default', 0],
    ['2026-11-01', 'default', 26.9],
    ['2026-11-01', classicAccount, 0],
  ])
})

test('is told in a line', () => {
  expect(paperLines(paperAccounts(trades))).toEqual([
    'default: 3 of 4 alerts bought for $60.06 (1 gone before a person could buy); 1 resold, 0 alike, 1 unsold, 0 censored, 1 on offer; 1 gained, +$26.90 in all; $1,007 in money',
    'classic, always: 0 of 1 alerts bought (1 beyond its money); $1,000 in money',
  ])
})
