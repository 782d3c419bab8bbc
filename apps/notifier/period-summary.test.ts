import { expect, test } from 'vitest'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { samplePosition } from '#lib/positions/testing/position-samples.ts'
import { weekMillis } from './alert-statistics.ts'
import { describePeriod, periodSummary } from './period-summary.ts'

const monday = Date.UTC(2022, 3, 11)
const hour = 3_600_000
const week = { from: monday, to: monday + weekMillis }
const alertedAt = monday + hour
const outcomes = [sampleOutcome({ alertedAt })]

test('a week has what each paper account did with its alerts, with the money it has now', () => {
  const ended = { state: 'resold', endedAt: alertedAt + hour, priceUsd: 60, gainUsd: 37.4 } as const
  const trades = [
    samplePaperTrade({ tradeId: 'a', alertedAt, ...ended }),
    samplePaperTrade({ tradeId: 'b', alertedAt }),
    samplePaperTrade({ tradeId: 'before', alertedAt: monday - hour, ...ended }),
    samplePaperTrade({ tradeId: 'after', alertedAt: week.to, ...ended }),
    samplePaperTrade({ tradeId: 'c', account: 'preset:classic', alertedAt, state: 'missed', missedFor: 'gone' }),
    samplePaperTrade({ tradeId: 'd', account: 'asleep', alertedAt: monday - 30 * 24 * hour, ...ended }),
    samplePaperTrade({ tradeId: 'e', account: 'quiet', alertedAt: monday - hour, ...ended }),
  ]
  const text = describePeriod(periodSummary(week, { outcomes, trades, positions: [] }))
  expect(text.split('\n').slice(-4)).toEqual([
    '**Paper accounts**, $1,000 each at the start',
    'default: 2 of 2 alerts bought for $40.04; 1 resold, 0 alike, 0 unsold, 0 censored, 1 on offer; 1 gained, +$37.40 in all; $1,092 in money',
    'classic, always: 0 of 1 alerts bought \\(1 gone before a person could buy\\); $1,000 in money',
    'quiet: 0 of 0 alerts bought; $1,037 in money',
  ])
  expect(text).not.toContain('Positions')
})

test('what was really bought stands beside it', () => {
  const position = { boughtAt: alertedAt, boughtUsd: 20 }
  const positions = [
    samplePosition({ ...position, positionId: 'a', soldAt: alertedAt + hour, soldUsd: 40 }),
    samplePosition({ ...position, positionId: 'b', soldAt: alertedAt + hour, soldUsd: 20 }),
    samplePosition({ ...position, positionId: 'c' }),
    samplePosition({ positionId: 'd', boughtAt: monday - 1 }),
  ]
  expect(describePeriod(periodSummary(week, { outcomes, trades: [], positions }))).toContain(
    '**Positions** 3 bought for $60.00: 2 sold, 1 gained, +$17.45 after the fee; 1 open at $20.00',
  )
})

test('with many rules and the dearest of names, it fits into one message', () => {
  const trades = Array.from({ length: 60 }, (_, index) =>
    samplePaperTrade({ tradeId: `${index}`, account: `${'['.repeat(60)}${index}`, alertedAt }),
  )
  const text = describePeriod(periodSummary(week, { outcomes, trades, positions: [] }))
  expect(text.length).toBeLessThan(4_096)
  expect(text).toMatch(/… and \d+ more/)
})
