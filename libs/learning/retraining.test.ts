import { describe, expect, test } from 'vitest'
import { defaultRetraining, type RetrainingFacts, reasonToTrain } from './retraining.ts'

const hour = 3_600_000
const day = 24 * hour
const noon = Date.parse('2026-11-30T12:00:00Z')

const quiet: RetrainingFacts = {
  now: noon,
  champion: { trainedUntil: noon - 8 * hour, levels: { least: 20, most: 30 } },
  learntUntil: noon - 8 * hour,
  newSales: 1_600,
  newest: { sales: 1_000, medianError: 0.1, coverage90: 0.89 },
  before: { sales: 4_000, medianError: 0.1, coverage90: 0.9 },
  level: 25,
  money: { matured: 40, gained: 25 },
}
const because = (change: Partial<RetrainingFacts>) => reasonToTrain({ ...quiet, ...change }, defaultRetraining)

describe('a training is begun', () => {
  test('by nothing while all is well', () => {
    expect(because({})).toBeNull()
  })

  test('where no model prices', () => {
    expect(because({ champion: null, learntUntil: null })?.trigger).toBe('first model')
  })

  test('once a day, at the hour of the schedule', () => {
    expect(because({ learntUntil: noon - 10 * hour })).toEqual({ trigger: 'schedule', reason: 'the training of the day' })
    expect(because({ now: Date.parse('2026-11-30T02:59:00Z'), learntUntil: noon - day - 7 * hour })).toBeNull()
  })

  test('when the champion is old although a training was tried since', () => {
    const champion = { trainedUntil: noon - 4 * day, levels: null }
    expect(because({ champion })).toEqual({ trigger: 'age', reason: 'the model in force learnt until 4.0 days ago' })
  })

  test('by many sales that no training has seen', () => {
    expect(because({ newSales: 15_000 })?.trigger).toBe('new sales')
  })

  test('when intervals no longer hold, errors grow, or the market has left the levels it learnt from', () => {
    const newest = { sales: 1_000, medianError: 0.1, coverage90: 0.7 }
    expect(because({ newest })?.reason).toBe('the 90% interval held 70.0% of the newest 1000 sales')
    expect(because({ newest: { ...newest, coverage90: 0.9, medianError: 0.13 } })?.reason).toContain('median error 13.0%')
    expect(because({ level: 34 })?.reason).toBe('the median price is $34.00; it learnt from days of $20.00 to $30.00')
    expect(because({ level: 18 })?.trigger).toBe('drift')
    expect(because({ level: 32 })).toBeNull()
  })

  test('when alerts stop earning, beyond what chance explains', () => {
    expect(because({ money: { matured: 40, gained: 10 } })?.trigger).toBe('earnings')
    expect(because({ money: { matured: 40, gained: 15 } })).toBeNull()
    expect(because({ money: { matured: 15, gained: 0 } })).toBeNull()
  })

  test('not while one was tried within hours: what was refused would be refused again', () => {
    expect(because({ learntUntil: noon - 5 * hour, level: 100, money: { matured: 40, gained: 0 } })).toBeNull()
  })
})
