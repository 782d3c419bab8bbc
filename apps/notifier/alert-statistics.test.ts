import { describe, expect, it } from 'vitest'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { describeStatistics, statisticsOf, weekMillis, weekOf } from './alert-statistics.ts'

const monday = Date.UTC(2022, 3, 11)
const week = { from: monday, to: monday + weekMillis }
const outcome = (number: number, change: Parameters<typeof sampleOutcome>[0] = {}) =>
  sampleOutcome({ alertId: `a${number}`, alertedAt: monday + number * 3_600_000, goneAt: null, goneBy: null, ...change })

describe('statistics of alerts', () => {
  it('weeks begin on Monday, midnight UTC', () => {
    expect(weekOf(monday)).toBe(monday)
    expect(weekOf(monday - 1)).toBe(monday - weekMillis)
    expect(weekOf(monday + weekMillis - 1)).toBe(monday)
  })

  it('counts what was still there, on paper, bought, and at random', () => {
    const soon = (seconds: number, number: number) => ({ goneAt: monday + number * 3_600_000 + seconds * 1_000, goneBy: 'sold' as const })
    const outcomes = [
      outcome(1, { ...soon(5, 1), netUsd: 20, netEth: 0.01, bought: true }),
      outcome(2, { ...soon(30, 2), netUsd: -5, netEth: -0.002 }),
      outcome(3),
      outcome(4, { kind: 'random', netUsd: 1, netEth: 0.001 }),
      outcome(5, {
        kind: 'rejected',
        listingId: 'r5',
        tokenId: '77',
        askUsd: 20,
        rejectedFor: 'second_check_asks',
        netUsd: 8,
        netEth: 0.004,
      }),
      outcome(6, { kind: 'rejected', listingId: 'r6', rejectedFor: 'second_check_asks' }),
      outcome(-5, { netUsd: 1_000 }),
      outcome(7 * 24, { netUsd: 1_000 }),
    ]
    const statistics = statisticsOf(outcomes, week)
    expect(statistics).toEqual({
      ...week,
      alerts: 3,
      stillThereAfter10Seconds: 2 / 3,
      stillThereAfter60Seconds: 1 / 3,
      paper: { count: 3, resold: 2, gained: 1, medianNetUsd: 7.5, sumNetUsd: 15, sumNetEth: 0.008 },
      realized: { count: 1, resold: 1, gained: 1, medianNetUsd: 20, sumNetUsd: 20, sumNetEth: 0.01 },
      randomBuyer: { count: 1, resold: 1, gained: 1, medianNetUsd: 1, sumNetUsd: 1, sumNetEth: 0.001 },
      rejected: { count: 2, resold: 1, gained: 1, medianNetUsd: 8, sumNetUsd: 8, sumNetEth: 0.004 },
      missed: {
        reasons: [{ reason: 'similar ones ask no more', count: 2, gained: 1, lost: 0 }],
        winners: [{ axieId: '77', reason: 'similar ones ask no more', askUsd: 20, netUsd: 8 }],
      },
    })
    const text = describeStatistics(statistics, [])
    expect(text).toMatch(/\*\*3 alerts\*\* from 2022-04-11 to 2022-04-18\nstill there after 10 s 67%, after 60 s 33%/)
    expect(text).toContain('**Rejected** 2: 1 resold, 100% with a gain, median +$8.00, in all +$8.00 (0.0040 ETH)')
    expect(text).toContain('why: 2 similar ones ask no more (1 would have gained, 0 lost)')
    expect(text).toContain(
      '**Missed winners** **+$8.00** [#77](https://app.axieinfinity.com/marketplace/axies/77/) at $20.00: similar ones ask no more',
    )
  })

  it('a candidate that became an alert was not missed, in whatever week it did', () => {
    const rejected = outcome(7 * 24 - 1, { kind: 'rejected', listingId: 'falling', rejectedFor: 'stale', netUsd: 8, netEth: 0.004 })
    const alerted = outcome(7 * 24 + 1, { listingId: 'falling' })
    expect(statisticsOf([rejected], week).missed.winners).toHaveLength(1)
    expect(statisticsOf([rejected, alerted], week)).toMatchObject({ rejected: { count: 0 }, missed: { reasons: [], winners: [] } })
  })

  it('says that nothing is known where nothing is', () => {
    expect(describeStatistics(statisticsOf([], week), [])).toMatch(/\*\*0 alerts\*\*.*unknown.*none resold yet/s)
  })
})
