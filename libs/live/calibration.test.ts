import { expect, test } from 'vitest'
import { createCalibration, type Forecast, type SoldFor } from './calibration.ts'

const quantilesUsd = { q05: 10, q25: 20, q50: 30, q75: 40, q95: 50 }
const forecast = (change: Partial<Forecast> = {}): Forecast => ({
  axieId: '1',
  listedAt: 100,
  observedAt: 110,
  quantilesUsd,
  ...change,
})
const sale = (change: Partial<SoldFor> = {}): SoldFor => ({ axieId: '1', soldAt: 200, observedAt: 210, usd: 25, ...change })

test('a sale falls into the part of the forecast that holds its price', () => {
  for (const [usd, bin] of [
    [9, 0],
    [10, 1],
    [25, 2],
    [30, 3],
    [49, 4],
    [50, 5],
  ] as const) {
    const calibration = createCalibration({ remembered: 10 })
    calibration.takeForecast(forecast())
    calibration.takeSale(sale({ usd }))
    const { bins, sales } = calibration.scores().all
    expect({ sales, bin: bins.indexOf(1) }).toEqual({ sales: 1, bin })
  }
})

test('forecast and sale may come in either order, and again: each pair counts once', () => {
  const calibration = createCalibration({ remembered: 10 })
  calibration.takeSale(sale())
  calibration.takeForecast(forecast())
  calibration.takeForecast(forecast())
  calibration.takeSale(sale())
  expect(calibration.scores().all).toEqual({ sales: 1, bins: [0, 0, 1, 0, 0, 0], medianError: 0.2, coverage90: 1 })
})

test('error and coverage are those of the newest sales; what was long ago does not hide that forecasts went wrong', () => {
  const calibration = createCalibration({ remembered: 10, errors: 4 })
  const sell = (usd: number, id: number) => {
    calibration.takeForecast(forecast({ axieId: String(id) }))
    calibration.takeSale(sale({ axieId: String(id), usd }))
    return calibration.scores().all
  }
  for (const id of [1, 2, 3]) sell(30, id)
  expect(sell(30, 4)).toMatchObject({ sales: 4, medianError: 0, coverage90: 1 })
  for (const id of [5, 6]) sell(60, id)
  expect(sell(60, 7)).toMatchObject({ sales: 7, bins: [0, 0, 0, 4, 0, 3], medianError: 0.5, coverage90: 0.25 })
})

test('a forecast made when the sale was known, or for a later listing, proves nothing', () => {
  const calibration = createCalibration({ remembered: 10 })
  calibration.takeSale(sale())
  calibration.takeForecast(forecast({ observedAt: 211 }))
  calibration.takeForecast(forecast({ axieId: '2', listedAt: 201, observedAt: 205 }))
  calibration.takeSale(sale({ axieId: '2' }))
  expect(calibration.scores().all.sales).toBe(0)
})

test('of alerts, what they were sold on for counts, once each', () => {
  const calibration = createCalibration({ remembered: 10 })
  calibration.takeResale('a', quantilesUsd, 45)
  calibration.takeResale('a', quantilesUsd, 45)
  expect(calibration.scores().alerted).toEqual({ sales: 1, bins: [0, 0, 0, 0, 1, 0], medianError: 1 / 3, coverage90: 1 })
  expect(calibration.scores().all.sales).toBe(0)
})
