import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { type Forecasted, forecastErrors } from './forecast-errors.ts'

/** Prices around $30 that stray by 0.2 of their logarithm; quantiles that know this, moved by `shift`. */
function forecasted(rows: number, shift = 0): Forecasted {
  const random = createRandom(3)
  const normalQuantiles = [-1.645, -0.674, 0, 0.674, 1.645]
  const logPrices = Float64Array.from({ length: rows }, () => Math.log(30) + 0.2 * random.normal())
  const quantilesUsd = Float64Array.from({ length: rows * 5 }, (_, at) => 30 * Math.exp(0.2 * (normalQuantiles[at % 5] as number) + shift))
  return { quantilesUsd, logPrices, times: Float64Array.from({ length: rows }, (_, row) => row * 60_000) }
}

describe('the errors of forecasts', { timeout: 30_000 }, () => {
  test('true quantiles cover what they say, without bias', () => {
    const errors = forecastErrors(forecasted(8_000))
    expect(errors.coverage90).toBeCloseTo(0.9, 1)
    expect(errors.coverage50).toBeCloseTo(0.5, 1)
    expect(errors.biasLog).toBeCloseTo(0, 2)
    expect(errors.r2Log).toBeCloseTo(0, 2)
    // The median of |exp(0.2 z) - 1| for a normal z.
    expect(errors.medianApe).toBeCloseTo(0.136, 2)
    expect(errors.width90).toBeCloseTo(Math.exp(0.4 * 1.645), 2)
  })

  test('are least, at every level, where the forecast is the true quantile', () => {
    const [low, right, high] = [-0.1, 0, 0.1].map((shift) => forecastErrors(forecasted(5_000, shift)).pinball)
    for (const level of ['0.05', '0.25', '0.5', '0.75', '0.95', 'mean'] as const) {
      expect(right?.[level]).toBeLessThan(low?.[level] as number)
      expect(right?.[level]).toBeLessThan(high?.[level] as number)
    }
  })

  test('the interval of the median holds it, is wider for fewer hours, and is the same each time', () => {
    const [many, few] = [forecastErrors(forecasted(6_000)), forecastErrors(forecasted(600))]
    expect(many.medianApeLow).toBeLessThan(many.medianApe)
    expect(many.medianApeHigh).toBeGreaterThan(many.medianApe)
    expect(few.medianApeHigh - few.medianApeLow).toBeGreaterThan(many.medianApeHigh - many.medianApeLow)
    expect(forecastErrors(forecasted(600))).toEqual(few)
  })

  test('dollars are counted up to $2,000 only: one dear axie must not decide', () => {
    const one = {
      quantilesUsd: new Float64Array(10).fill(20),
      logPrices: Float64Array.of(Math.log(25), Math.log(9_000)),
      times: new Float64Array(2),
    }
    expect(forecastErrors(one).maeUsd).toBeCloseTo(5)
  })
})
