import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Clock, createManualClock } from '#lib/clock/clock.ts'
import type { KeySpent } from '#schemas/types.ts'
import { createBudget } from './budget.ts'
import { type BudgetUser, shares } from './shares.ts'
import { createHeldShares, fingerprintOf } from './spent.ts'

const now = Date.UTC(2026, 10, 30, 12)
const hour = 3_600_000
const key = fingerprintOf('the-key')

const record = (change: Partial<KeySpent> = {}): KeySpent => ({
  ...{ key, share: null, until: now + 5 * hour, at: now, by: 'collector', reason: 'no requests are left this day' },
  ...change,
})

function heldOf(user: BudgetUser = 'collector') {
  const clock = createManualClock(now)
  return { clock, held: createHeldShares({ clock, user, key }) }
}

describe('a record of a spent key', () => {
  test('holds until its end, and says so', () => {
    const { clock, held } = heldOf()
    held.take(record())
    expect(held.waitMillis()).toBe(5 * hour)
    expect(held.holding()).toMatchObject({ until: now + 5 * hour, by: 'collector', share: null })
    clock.advanceTo(now + 5 * hour)
    expect([held.waitMillis(), held.holding()]).toEqual([0, null])
  })

  test('of another key, or of the share of another, holds nobody else', () => {
    const { held } = heldOf('notifier')
    held.take(record({ key: fingerprintOf('another-key') }))
    held.take(record({ share: 'collector' }))
    expect(held.waitMillis()).toBe(0)
    held.take(record({ share: 'notifier' }))
    expect(held.waitMillis()).toBe(5 * hour)
  })

  test('is replaced by the next about the same, and taken back by a tombstone', () => {
    const { held } = heldOf()
    held.take(record())
    held.take(record({ until: now + hour }))
    expect(held.waitMillis()).toBe(hour)
    held.take(record({ until: now - hour }))
    expect(held.waitMillis()).toBe(0)
    held.take(record())
    held.forget(`${key} all`)
    expect(held.waitMillis()).toBe(0)
  })

  test.each([Number.MAX_SAFE_INTEGER, now + 30 * hour, Number.POSITIVE_INFINITY, Number.NaN, -1, 0])(
    'that claims to hold until %d is garbage, and holds nothing',
    (until) => {
      const { held } = heldOf()
      held.take(record({ until }))
      expect([held.waitMillis(), held.holding()]).toEqual([0, null])
    },
  )

  test('property: whatever comes, nobody waits longer than a day and an hour, whoever sets the clock meanwhile', () => {
    const records = fc.array(fc.tuple(fc.double(), fc.constantFrom(null, 'collector', 'x'), fc.integer({ min: -50, max: 50 })), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(records, (taken) => {
        let wall = now
        const clock = { now: () => wall, monotonic: () => 1_000 } as Clock
        const held = createHeldShares({ clock, user: 'collector', key })
        for (const [until, share, hours] of taken) {
          held.take(record({ until: Number.isNaN(until) ? until : now + (until % (100 * hour)), share }))
          wall = now + hours * hour
          expect(held.waitMillis()).toBeLessThanOrEqual(25 * hour)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('ends for one process after the other: the first to ask learns whether it is over', () => {
    const ends = (Object.keys(shares) as BudgetUser[]).map((user) => {
      const { held } = heldOf(user)
      held.take(record())
      return held.waitMillis() - 5 * hour
    })
    expect(ends).toEqual([0, 2_000, 4_000, 6_000])
  })
})

describe('a budget', () => {
  const budgetOf = (perDay: number | null = null) => {
    const clock = createManualClock(now)
    const published: unknown[] = []
    const held = createHeldShares({ clock, user: 'collector', key })
    const spent = { ...held, tell: (spending: unknown) => void published.push(spending) }
    return { clock, published, held, budget: createBudget({ clock, user: 'collector', limits: { perMinute: null, perDay }, spent }) }
  }

  test('keeps to what another process was told, and says who was told what', () => {
    const { budget, held } = budgetOf()
    held.take(record({ by: 'dashboard' }))
    expect(() => budget.spend('listings')).toThrow(
      "the key's requests are spent until 2026-11-30T17:00:00.000Z, as the dashboard was told: no requests are left this day",
    )
  })

  test('tells a refusal that lasts, and keeps a busy minute to itself', () => {
    const { budget, published } = budgetOf()
    expect(budget.refused(59_000, 'busy')).toBe(false)
    expect(budget.refused(7 * hour, 'no requests are left this day')).toBe(true)
    expect(published).toEqual([{ share: null, millis: 7 * hour, reason: 'no requests are left this day' }])
  })

  test('tells that its own share of the day is spent, once, and not that a sweep has to wait', () => {
    const { budget, published, held, clock } = budgetOf(100)
    for (let count = 0; count < 60; count++) budget.spend('listings')
    expect(() => budget.spend('sweep')).toThrow(/spent/)
    expect(published).toEqual([])
    for (let count = 0; count < 10; count++) budget.spend('listings')
    expect(() => budget.spend('listings')).toThrow(/share of the key's requests a day is spent until 2026-12-01T12:01/)
    expect(published).toEqual([{ share: 'collector', millis: expect.any(Number), reason: "the collector's share of the day" }])
    held.take(record({ share: 'collector', until: clock.now() + 24 * hour }))
    expect(() => budget.spend('listings')).toThrow(/as the collector was told/)
    expect(published).toHaveLength(1)
  })

  test('whose day the marketplace calls spent asks again after an hour: where a window begins only the marketplace knows', () => {
    const { budget, clock } = budgetOf(1_000)
    budget.spend('listings')
    budget.heard({ minute: null, day: 0 })
    expect(() => budget.spend('listings')).toThrow(/a day is spent until 2026-11-30T13:00/)
    clock.advanceTo(now + hour)
    budget.spend('listings')
    budget.heard({ minute: null, day: 900 })
    expect(budget.left().day).toBe(698)
  })
})
