import { describe, expect, test } from 'vitest'
import { pointErrors, quantileErrors } from './evaluation.ts'

const logs = (...usd: number[]): number[] => usd.map(Math.log)

describe('errors of forecasts', () => {
  test('are shares of the price, by row', () => {
    const errors = pointErrors(logs(11, 20, 15), logs(10, 20, 30))
    expect(errors.rows).toBe(3)
    expect(errors.medianApe).toBeCloseTo(0.1)
    expect(errors.p95Ape).toBeCloseTo(0.5)
    expect(errors.biasLog).toBeCloseTo(0)
  })

  test('leave out rows without a forecast, and say how many are left', () => {
    expect(pointErrors([Number.NaN, Math.log(20)], logs(10, 20))).toMatchObject({ rows: 1, medianApe: 0 })
  })

  test('a constant explains nothing, the truth explains all', () => {
    expect(pointErrors([1, 1, 1], [0, 1, 2]).r2Log).toBeCloseTo(0)
    expect(pointErrors([0, 1, 2], [0, 1, 2]).r2Log).toBe(1)
  })

  test('coverage is the share of prices inside an interval', () => {
    const forecast = [5, 8, 10, 12, 20]
    const errors = quantileErrors(Float64Array.from([...forecast, ...forecast, ...forecast, ...forecast]), logs(10, 11, 19, 40))
    expect(errors.coverage50).toBe(0.5)
    expect(errors.coverage90).toBe(0.75)
    expect(errors.width90).toBeCloseTo(4)
  })
})
