import type { PriceQuantiles } from '#schemas/types.ts'
import { createRecent } from './recent.ts'

/** A forecast made for a listing, and when. Market time. */
export type Forecast = Readonly<{ axieId: string; listedAt: number; observedAt: number; quantilesUsd: PriceQuantiles }>

export type SoldFor = Readonly<{ axieId: string; soldAt: number; observedAt: number; usd: number }>

/** How the forecasts of listings that sold compare with what they sold for. */
export type CalibrationScore = Readonly<{
  sales: number
  /** Sales below q05, then between neighbouring quantiles, then above q95. A perfect forecast holds 5, 20, 25, 25, 20 and 5%. */
  bins: readonly number[]
  /** |price - median| / price, of the newest sales; null before the first sale. */
  medianError: number | null
  /** How many of the same lie within q05 and q95: nine of ten should. */
  coverage90: number | null
}>

export type Calibration = Readonly<{
  takeForecast(forecast: Forecast): void
  takeSale(sale: SoldFor): void
  /** What an alerted axie was sold on for: its own listing went for its ask, which says nothing. Each alert counts once. */
  takeResale(alertId: string, quantilesUsd: PriceQuantiles, resoldUsd: number): void
  /** All listings that sold, and the alerted ones that were sold on: a buyer meets the winner's curse. */
  scores(): Readonly<{ all: CalibrationScore; alerted: CalibrationScore }>
}>

export const expectedShares = [0.05, 0.2, 0.25, 0.25, 0.2, 0.05] as const

/**
 * Pairs each sale with the forecast of the listing it settled: the same axie, listed before the sale and known before the sale was.
 * Forecasts and sales come from two topics, in either order; both are remembered for a while, and each pair counts once.
 */
export function createCalibration({ remembered, errors = 2_000 }: { remembered: number; errors?: number }): Calibration {
  const forecasts = createRecent<Forecast>(remembered)
  const sales = createRecent<SoldFor>(remembered)
  const all = createScore(errors, remembered)
  const alerted = createScore(errors, remembered)

  const pair = (forecast: Forecast, sale: SoldFor): void => {
    if (sale.soldAt < forecast.listedAt || sale.observedAt < forecast.observedAt) return
    all.add(`${sale.axieId} ${sale.soldAt}`, forecast.quantilesUsd, sale.usd)
  }

  return {
    takeForecast(forecast) {
      const known = forecasts.get(forecast.axieId)
      if (known !== undefined && known.observedAt > forecast.observedAt) return
      forecasts.set(forecast.axieId, forecast)
      const sale = sales.get(forecast.axieId)
      if (sale !== undefined) pair(forecast, sale)
    },
    takeSale(sale) {
      sales.set(sale.axieId, sale)
      const forecast = forecasts.get(sale.axieId)
      if (forecast !== undefined) pair(forecast, sale)
    },
    takeResale: (alertId, quantilesUsd, resoldUsd) => alerted.add(alertId, quantilesUsd, resoldUsd),
    scores: () => ({ all: all.score(), alerted: alerted.score() }),
  }
}

function createScore(capacity: number, remembered: number) {
  const counted = createRecent<true>(remembered)
  const bins = new Array<number>(expectedShares.length).fill(0)
  const errors = new Float64Array(capacity)
  const isInside = new Uint8Array(capacity)
  let sales = 0
  return {
    /** `key`: of the sale. Each counts once. */
    add(key: string, { q05, q25, q50, q75, q95 }: PriceQuantiles, usd: number): void {
      if (counted.get(key)) return
      counted.set(key, true)
      const bin = [q05, q25, q50, q75, q95].filter((quantile) => usd >= quantile).length
      bins[bin] = (bins[bin] as number) + 1
      isInside[sales % capacity] = bin > 0 && bin < bins.length - 1 ? 1 : 0
      errors[sales++ % capacity] = Math.abs(usd - q50) / usd
    },
    score(): CalibrationScore {
      const newest = Math.min(sales, capacity)
      if (newest === 0) return { sales, bins: [...bins], medianError: null, coverage90: null }
      const sorted = errors.slice(0, newest).sort()
      const inside = isInside.subarray(0, newest).reduce((sum, one) => sum + one, 0)
      return { sales, bins: [...bins], medianError: sorted[newest >> 1] as number, coverage90: inside / newest }
    },
  }
}
