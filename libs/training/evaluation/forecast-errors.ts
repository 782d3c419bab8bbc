import { hourMillis } from '#lib/clock/durations.ts'
import { meansOf } from '#lib/model/heads/heads.ts'
import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { medianIndex, pinballLoss, quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'
import { createRandom } from '#lib/numbers/random.ts'

/** Forecasts of some sales, and what was paid. */
export type Forecasted = Readonly<{
  /** sales × 5, dollars. */
  quantilesUsd: Float64Array
  /** Log dollars paid. */
  logPrices: Float64Array
  /** When each was sold, milliseconds. */
  times: Float64Array
}>

/** APE = |forecast / price - 1|, a share. Log is the natural logarithm. */
export type ForecastErrors = Readonly<{
  /** R² of log price; not a number where all prices are the same. */
  r2Log: number
  medianApe: number
  /** 95% interval of the median, by drawing whole hours again: sales of one hour err together. */
  medianApeLow: number
  medianApeHigh: number
  p95Ape: number
  /** Mean absolute error in dollars, over sales up to $2,000. */
  maeUsd: number
  /** Median of log forecast less log price: above 0 is too high. */
  biasLog: number
  /** Mean pinball loss of log price at each level, and over all. */
  pinball: Readonly<Record<`${(typeof quantileLevels)[number]}` | 'mean', number>>
  coverage50: number
  coverage90: number
  /** Median of the upper over the lower end of each interval. */
  width50: number
  width90: number
}>

/** The R² of the mean, a fixed weighting of the quantiles: for log price, and for prices up to $2,000. */
export type MeanErrors = Readonly<{ r2Log: number; r2Usd: number; r2UsdOfMedian: number }>

const dearestUsd = 2_000
const draws = 200

export function forecastErrors({ quantilesUsd, logPrices, times }: Forecasted): ForecastErrors {
  const logs = quantilesUsd.map(Math.log)
  const at = (level: number): Float64Array => logPrices.map((_, row) => logs[row * quantileCount + level] as number)
  const median = at(medianIndex)
  const errors = median.map((forecast, row) => forecast - (logPrices[row] as number))
  const ape = errors.map((error) => Math.abs(Math.expm1(error)))
  const sortedApe = ape.slice().sort()
  const [medianApeLow, medianApeHigh] = medianInterval(ape, times)
  return {
    r2Log: 1 - meanOf(errors.map((error) => error ** 2)) / varianceOf(logPrices),
    medianApe: quantileOfSorted(sortedApe, 0.5),
    medianApeLow,
    medianApeHigh,
    p95Ape: quantileOfSorted(sortedApe, 0.95),
    maeUsd: absoluteError(median, logPrices),
    biasLog: quantileOfSorted(errors.slice().sort(), 0.5),
    pinball: pinballOf(
      quantileLevels.map((_, level) => at(level)),
      logPrices,
    ),
    coverage50: shareInside(at(1), at(3), logPrices),
    coverage90: shareInside(at(0), at(4), logPrices),
    width50: widthOf(at(1), at(3)),
    width90: widthOf(at(0), at(4)),
  }
}

export function meanErrors(quantilesUsd: Float64Array, logPrices: Float64Array): MeanErrors {
  const means = meansOf(quantilesUsd)
  const medians = means.map((_, row) => quantilesUsd[row * quantileCount + medianIndex] as number)
  const usual = Array.from(logPrices.keys()).filter((row) => Math.exp(logPrices[row] as number) <= dearestUsd)
  const pricesUsd = Float64Array.from(usual, (row) => Math.exp(logPrices[row] as number))
  const r2Of = (forecasts: Float64Array, prices: Float64Array): number =>
    1 - meanOf(forecasts.map((forecast, row) => (forecast - (prices[row] as number)) ** 2)) / varianceOf(prices)
  const amongUsual = (forecasts: Float64Array): Float64Array => Float64Array.from(usual, (row) => forecasts[row] as number)
  return {
    r2Log: r2Of(means.map(Math.log), logPrices),
    r2Usd: r2Of(amongUsual(means), pricesUsd),
    r2UsdOfMedian: r2Of(amongUsual(medians), pricesUsd),
  }
}

const meanOf = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length

function varianceOf(values: Float64Array): number {
  const mean = meanOf(values)
  const variance = meanOf(values.map((value) => (value - mean) ** 2))
  return variance < 1e-12 ? Number.NaN : variance
}

function absoluteError(forecasts: Float64Array, logPrices: Float64Array): number {
  const errors: number[] = []
  logPrices.forEach((price, row) => {
    if (Math.exp(price) <= dearestUsd) errors.push(Math.abs(Math.exp(forecasts[row] as number) - Math.exp(price)))
  })
  return meanOf(errors)
}

function pinballOf(forecasts: readonly Float64Array[], logPrices: Float64Array): ForecastErrors['pinball'] {
  const losses = quantileLevels.map((level, index) =>
    meanOf(logPrices.map((price, row) => pinballLoss(level, price, forecasts[index]?.[row] as number))),
  )
  const byLevel = Object.fromEntries(quantileLevels.map((level, index) => [String(level), losses[index]]))
  return { ...byLevel, mean: meanOf(losses) } as ForecastErrors['pinball']
}

const shareInside = (low: Float64Array, high: Float64Array, prices: Float64Array): number =>
  prices.filter((price, row) => (low[row] as number) <= price && price <= (high[row] as number)).length / prices.length

const widthOf = (low: Float64Array, high: Float64Array): number =>
  quantileOfSorted(low.map((value, row) => Math.exp((high[row] as number) - value)).sort(), 0.5)

/** Block bootstrap by hour, with a fixed seed. */
function medianInterval(ape: Float64Array, times: Float64Array): [low: number, high: number] {
  const byHour = new Map<number, number[]>()
  times.forEach((time, row) => {
    const hour = Math.floor(time / hourMillis)
    const errors = byHour.get(hour)
    if (errors === undefined) byHour.set(hour, [ape[row] as number])
    else errors.push(ape[row] as number)
  })
  const hours = [...byHour.values()]
  const random = createRandom(1)
  const medians = Float64Array.from({ length: draws }, () => {
    const drawn = hours.flatMap(() => hours[Math.floor(random.uniform() * hours.length)] as number[])
    return quantileOfSorted(Float64Array.from(drawn).sort(), 0.5)
  }).sort()
  return [quantileOfSorted(medians, 0.025), quantileOfSorted(medians, 0.975)]
}
