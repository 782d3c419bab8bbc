import { expect, test } from 'vitest'
import { alertedErrors } from './alerted.ts'

const day = 86_400_000
const quantiles = [60, 80, 100, 120, 150]

type Sold = Readonly<{ ask: number; exit: number; own?: boolean; exitQ25?: number; at?: number; resale?: number }>

/** The same forecast for all; what they are asked for and what they brought differ. */
function judged(sales: readonly Sold[], knownUntil = 10 * day) {
  return alertedErrors({
    quantilesUsd: Float64Array.from(sales.flatMap(() => quantiles)),
    exitUsd: Float64Array.from(sales.flatMap(({ exitQ25 = 80 }) => quantiles.with(1, exitQ25))),
    logPrices: Float64Array.from(sales, ({ ask }) => Math.log(ask)),
    times: Float64Array.from(sales, ({ at = 0 }) => at),
    exitLogPrices: Float64Array.from(sales, ({ exit }) => Math.log(exit)),
    exitIsOwn: Uint8Array.from(sales, ({ own = false }) => (own ? 1 : 0)),
    resaleLogPrices: Float64Array.from(sales, ({ resale = Number.NaN }) => Math.log(resale)),
    knownUntil,
  })
}

test('those that the default rule wants by their exit are judged by what they brought', () => {
  const found = judged([
    { ask: 50, exit: 90, own: true, resale: 90 },
    { ask: 50, exit: 70 },
    { ask: 50, exit: 40, own: true, resale: 40 },
    // The forecast would want it, the exit does not.
    { ask: 50, exit: 40, exitQ25: 60 },
    { ask: 95, exit: 200 },
  ])
  expect(found).toMatchObject({ alerts: 3, n: 3, own: 2, resold: 2, coverage90: 0.5, gainedOfOwn: 0.5 })
  expect(found.gainedOfPicks).toBeCloseTo(2 / 3)
  expect(found.atLeastQ25).toBeCloseTo(1 / 3)
  expect(found.bargains.n).toBe(4)
})

test('a purchase whose day is not over yet is not judged: what is known of it is what sold fast', () => {
  const found = judged([{ ask: 50, exit: 90, at: 2 * day }], 2.5 * day)
  expect(found).toMatchObject({ alerts: 1, n: 0, atLeastExitQ25: null, gainedOfPicks: null })
})

test('an interval is by whole days, from four of them on', () => {
  const sales = (days: number) =>
    Array.from({ length: days * 4 }, (_, index) => ({ ask: 50, exit: index % 4 === 0 ? 70 : 90, at: (index >> 2) * day }))
  expect(judged(sales(3)).atLeastExitQ25Interval).toBeNull()
  const { atLeastExitQ25, atLeastExitQ25Interval } = judged(sales(4))
  expect(atLeastExitQ25).toBe(0.75)
  expect(atLeastExitQ25Interval).toEqual({ low: 0.75, high: 0.75 })
})
