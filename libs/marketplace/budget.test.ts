import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from '#lib/clock/clock.ts'
import { createBudget, type KeyLimits, reserves, type Worth } from './budget.ts'
import { MarketplaceError } from './errors.ts'
import { type BudgetUser, shares } from './shares.ts'

const startedAt = Date.UTC(2026, 10, 30)

function budgetOf(limits: KeyLimits, user: BudgetUser = 'collector') {
  let [elapsed, wall] = [5_000, startedAt]
  const clock = { now: () => wall, monotonic: () => elapsed } as Clock
  const budget = createBudget({ clock, user, limits })
  /** 0 where the request went out, else how long it has to wait. */
  const ask = (worth: Worth = 'listings'): number => {
    try {
      budget.spend(worth)
      return 0
    } catch (error) {
      if (!(error instanceof MarketplaceError)) throw error
      expect(error).toMatchObject({ code: 'rate_limited', message: expect.stringContaining('spent until 20') })
      return error.retryAfterMillis!
    }
  }
  return {
    budget,
    ask,
    pass(millis: number) {
      elapsed += millis
    },
    setWall(millis: number) {
      wall = millis
    },
    at: () => elapsed,
  }
}

test('shares of all processes are the whole key and no more', () => {
  expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
})

describe('a window', () => {
  test('property: no span of its length ever holds more than the share, and what has to wait goes out after the wait', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), fc.constantFrom(...(Object.keys(reserves) as Worth[]))), { maxLength: 300 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 2, max: 40 }), (asked, perMinute) => {
        const { ask, pass, at } = budgetOf({ perMinute, perDay: null })
        const sent: number[] = []
        for (const [gap, worth] of asked) {
          pass(gap)
          const wait = ask(worth)
          if (wait > 0) {
            pass(wait)
            expect(ask(worth), 'after the wait').toBe(0)
          }
          sent.push(at())
        }
        const most = Math.max(1, Math.floor(perMinute * shares.collector))
        for (const from of sent) expect(sent.filter((time) => time >= from && time < from + 60_000).length).toBeLessThanOrEqual(most)
      }),
      { numRuns: 300 },
    )
  })

  test('lets the newest listings through when all else has to wait', () => {
    const { ask } = budgetOf({ perMinute: 100, perDay: null })
    while (ask('sweep') === 0);
    expect(ask('axie')).toBe(0)
    while (ask('settled') === 0);
    expect([ask('sweep') > 0, ask('axie') > 0, ask('listings')]).toEqual([true, true, 0])
  })

  test('of a day that is spent says until when, and a clock that is set changes nothing', () => {
    const { ask, pass, setWall } = budgetOf({ perMinute: null, perDay: 10 })
    for (let count = 0; count < 7; count++) expect(ask()).toBe(0)
    setWall(startedAt + 10 * 86_400_000)
    const wait = ask()
    expect(wait).toBeGreaterThan(86_000_000)
    pass(wait)
    expect(ask()).toBe(0)
  })
})

test('the marketplace is believed where it says that less is left', () => {
  const { budget, ask } = budgetOf({ perMinute: 100, perDay: 1_000 })
  budget.heard({ minute: 90, day: 3 })
  expect(budget.left()).toEqual({ minute: 70, day: 3 })
  for (let count = 0; count < 3; count++) expect(ask()).toBe(0)
  expect(ask()).toBeGreaterThan(0)
})

test('without limits nothing waits', () => {
  const { budget, ask } = budgetOf({ perMinute: null, perDay: null })
  for (let count = 0; count < 10_000; count++) expect(ask('sweep')).toBe(0)
  expect(budget.left()).toEqual({ minute: null, day: null })
})

test('a minute of which nobody told what it holds is kept to by what the marketplace says is left', () => {
  const { budget, ask, pass } = budgetOf({ perMinute: null, perDay: null })
  const quota = 20
  let used = 0
  const asked = (worth: Worth): boolean => {
    if (ask(worth) > 0) return false
    used++
    expect(used, 'no request is refused').toBeLessThanOrEqual(quota)
    budget.heard({ minute: quota - used, day: 100 })
    return true
  }
  while (asked('sweep'));
  expect(used).toBe(quota * (1 - reserves.sweep))
  while (asked('listings'));
  expect(used).toBe(quota)
  // Others of the key use the next minute nearly up.
  pass(61_000)
  used = 17
  while (asked('listings'));
  expect(used).toBe(quota)
  expect(budget.left()).toEqual({ minute: 0, day: null })
})
