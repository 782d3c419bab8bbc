import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultExecution, type ExecutionSettings, type ExitKind, type Outcome } from './execution.ts'
import { figuresOf, runPortfolio } from './portfolio.ts'
import { axie, hour, offered, start } from './testing/backtest-samples.ts'

const settings: ExecutionSettings = { ...defaultExecution, gasUsd: 0, feeRatio: 0, capitalUsd: 100, perTradeUsd: 60, maximumPositions: 2 }

/** Bought at an hour, ended at another. */
function trade(from: number, to: number, askUsd: number, priceUsd: number, kind: ExitKind = 'similar', fill = 1, costsUsd = 0): Outcome {
  const offer = offered(axie(String(1_000 + from)), from, askUsd)
  const exit = { kind, at: start + to * hour, priceUsd, sales: 2 }
  const gainUsd = priceUsd - askUsd - costsUsd
  return { offer, boughtAt: start + from * hour, exit, gainUsd, gainOverMarketUsd: gainUsd, discount: 0, fill }
}
const lucky = () => 0
const run = (trades: readonly Outcome[], change: Partial<ExecutionSettings> = {}) => runPortfolio(trades, { ...settings, ...change }, lucky)
const span = (hours: number) => ({ from: start, to: start + hours * hour })

describe('a portfolio', () => {
  test('buys with what it has, and has again what it sold', () => {
    const { bought, missed, equity } = run([trade(1, 3, 60, 90), trade(2, 9, 50, 70), trade(4, 5, 60, 66)])
    expect(bought.map(({ offer }) => offer.askUsd)).toEqual([60, 60])
    expect(missed).toMatchObject({ 'not enough money left': 1 })
    expect(equity.map(({ equityUsd, investedUsd }) => [equityUsd, investedUsd])).toEqual([
      [100, 60],
      [130, 0],
      [130, 60],
      [136, 0],
    ])
  })

  test('keeps its limits: the dearest purchase, the number of positions', () => {
    expect(run([trade(1, 2, 61, 90)]).missed).toMatchObject({ 'dearer than one purchase may be': 1 })
    expect(run([trade(1, 9, 10, 9), trade(2, 9, 10, 9), trade(3, 9, 10, 9)]).missed).toMatchObject({ 'too many positions': 1 })
  })

  test('loses the race where its luck is above the chance', () => {
    const raced = (luck: number) => runPortfolio([trade(1, 2, 10, 20, 'similar', 0.4)], settings, () => luck).bought.length
    expect([raced(0.39), raced(0.4)]).toEqual([1, 0])
  })

  test('what is unsold stays, at its mark, and never turns into money', () => {
    const { equity, missed } = run([trade(1, 3, 60, 25, 'unsold'), trade(5, 6, 50, 60)])
    expect(equity.map(({ equityUsd, investedUsd }) => [equityUsd, investedUsd])).toEqual([
      [100, 60],
      [65, 25],
    ])
    expect(missed).toMatchObject({ 'not enough money left': 1 })
  })

  test('pays fee and gas', () => {
    const { equity } = run([trade(1, 2, 50, 100, 'similar', 1, 4 + 2)], { feeRatio: 0.04, gasUsd: 1 })
    expect(equity.map(({ equityUsd }) => equityUsd)).toEqual([99, 99 - 50 + 96 - 1])
  })

  test('money is neither made nor lost but by what was bought', () => {
    const trades = fc.array(
      fc.record({
        wait: fc.integer({ min: 0, max: 5 }),
        hold: fc.integer({ min: 1, max: 30 }),
        askUsd: fc.integer({ min: 1, max: 60 }),
        priceUsd: fc.integer({ min: 0, max: 120 }),
        kind: fc.constantFrom<ExitKind>('resold', 'similar', 'unsold', 'censored'),
      }),
    )
    fc.assert(
      fc.property(trades, (drawn) => {
        let at = 0
        const given = drawn.map(({ wait, hold, askUsd, priceUsd, kind }) => {
          at += wait
          return trade(at, at + hold, askUsd, priceUsd, kind)
        })
        const { bought, equity, missed } = run(given)
        const gains = bought.reduce((sum, { gainUsd }) => sum + gainUsd, 0)
        expect((equity.at(-1)?.equityUsd ?? 100) - 100).toBeCloseTo(gains, 6)
        expect(bought.length + Object.values(missed).reduce((sum, count) => sum + count, 0)).toBe(given.length)
        for (const [index, point] of equity.entries()) {
          expect(point.equityUsd - point.investedUsd).toBeGreaterThanOrEqual(-1e-9)
          expect(point.at).toBeGreaterThanOrEqual(equity[index - 1]?.at ?? 0)
        }
      }),
    )
  })
})

describe('its figures', () => {
  test('are those of its trades', () => {
    const trades = [trade(0, 12, 50, 80), trade(24, 30, 40, 20), trade(48, 54, 50, 60)]
    expect(figuresOf(run(trades), settings, span(100))).toMatchObject({
      finalEquityUsd: 120,
      profitUsd: 20,
      profitFactor: 40 / 20,
      expectancyUsd: 20 / 3,
      hitRate: 2 / 3,
      maximumDrawdownRatio: 20 / 130,
      turnover: 1.4,
      medianHoursHeld: 6,
      sharpeDaily: null,
      sortinoDaily: null,
    })
  })

  test('exposure is the mean over time', () => {
    expect(figuresOf(run([trade(0, 50, 50, 50)]), settings, span(100)).exposureRatio).toBeCloseTo(0.25)
  })

  test('Sharpe and Sortino only from 30 days up, of daily returns', () => {
    const trades = Array.from({ length: 30 }, (_, day) => trade(day * 24 + 1, day * 24 + 2, 50, day % 2 === 0 ? 53 : 49))
    expect(figuresOf(run(trades), settings, span(29 * 24)).sharpeDaily).toBeNull()
    const { sharpeDaily, sortinoDaily } = figuresOf(run(trades), settings, span(30 * 24))
    expect(sharpeDaily).toBeGreaterThan(0)
    expect(sortinoDaily).toBeGreaterThan(sharpeDaily ?? 0)
  })

  test('of nothing bought are none', () => {
    expect(figuresOf(run([trade(0, 5, 20, 20, 'unsold')]), settings, span(48)).profitFactor).toBeNull()
    expect(figuresOf(run([]), settings, span(48))).toMatchObject({ profitUsd: 0, profitFactor: null, hitRate: null, medianHoursHeld: null })
  })
})
