import { expect, test } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { budgetOf } from './key-settings.ts'
import { type BudgetUser, shares } from './shares.ts'

const users = Object.keys(shares) as BudgetUser[]

test('together, all who use the key never ask more in any minute or day than it has, whoever asks most', () => {
  const clock = createManualClock(0)
  const quota = { MARKETPLACE_REQUESTS_PER_MINUTE: 100, MARKETPLACE_REQUESTS_PER_DAY: 1_000 }
  const budgets = users.map((user) => budgetOf(user, clock, quota))
  const asked: number[] = []
  for (let second = 0; second < 3_600; second += 5) {
    clock.advanceTo(second * 1_000)
    for (const budget of budgets)
      for (let count = 0; count < 20; count++)
        try {
          budget.spend('listings')
          asked.push(second)
        } catch {
          break
        }
  }
  const inAnyMinute = asked.map((second) => asked.filter((other) => other >= second && other < second + 60).length)
  expect(Math.max(...inAnyMinute)).toBe(100)
  expect(asked).toHaveLength(1_000)
})

test('a day that is spent says until when', () => {
  const clock = createManualClock(Date.parse('2026-11-30T00:00:00Z'))
  const budget = budgetOf('dashboard', clock, { MARKETPLACE_REQUESTS_PER_MINUTE: 0, MARKETPLACE_REQUESTS_PER_DAY: 20 })
  budget.spend('listings')
  expect(() => budget.spend('listings')).toThrow(
    'share of the key’s requests a day is spent until 2026-12-01T00:01:00.000Z'.replace('’', "'"),
  )
})
