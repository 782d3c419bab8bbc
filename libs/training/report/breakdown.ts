import { pointErrors, quantileErrors } from '#lib/model/evaluation.ts'
import { medianIndex, quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'
import { type Forecast, placeOfFeature } from '#lib/training/unseen.ts'

/** How good forecasts are on some of the rows. */
export type GroupErrors = Readonly<{ name: string; rows: number; medianApe: number; p95Ape: number; biasLog: number; coverage90: number }>

/** Fewer rows say nothing: they are counted, and their errors are not shown. */
export const fewestRows = 20

export const errorsByClass = (unseen: Forecast): GroupErrors[] => {
  const { featureSet, examples } = unseen
  const place = placeOfFeature(featureSet, 'class')
  const names = featureSet.features[place]?.values ?? []
  return groupBy(unseen, (row) => names[examples.vectors[row * featureSet.features.length + place] as number] ?? 'unknown').sort(
    (a, b) => b.rows - a.rows,
  )
}

const bands = [10, 20, 50, 100, 200, 500, 2_000] as const
const bandName = (usd: number): string => {
  const above = bands.findIndex((end) => usd < end)
  if (above === 0) return `below $${bands[0]}`
  return above < 0 ? `$${bands.at(-1)?.toLocaleString('en')} and more` : `$${bands[above - 1]} to $${bands[above]?.toLocaleString('en')}`
}

/** By the price that was paid, cheapest first. A model looks too high in the cheap bands and too low in the dear ones: see the page. */
export function errorsByPrice(unseen: Forecast): GroupErrors[] {
  const order = ['below', ...bands].map((_, index) => bandName(index === 0 ? 0 : (bands[index - 1] as number)))
  return groupBy(unseen, (row) => bandName(Math.exp(unseen.examples.logPrices[row] as number))).sort(
    (a, b) => order.indexOf(a.name) - order.indexOf(b.name),
  )
}

export const errorsByDay = (unseen: Forecast): GroupErrors[] =>
  groupBy(unseen, (row) => new Date(unseen.times[row] as number).toISOString().slice(0, 10))

function groupBy({ examples, quantilesUsd }: Forecast, groupOf: (row: number) => string): GroupErrors[] {
  const groups = new Map<string, number[]>()
  for (let row = 0; row < examples.logPrices.length; row++) {
    const name = groupOf(row)
    const rows = groups.get(name) ?? []
    rows.push(row)
    groups.set(name, rows)
  }
  return [...groups].map(([name, rows]) => {
    const logPrices = Float64Array.from(rows, (row) => examples.logPrices[row] as number)
    const quantiles = Float64Array.from({ length: rows.length * quantileCount }, (_, index) => {
      const row = rows[Math.floor(index / quantileCount)] as number
      return quantilesUsd[row * quantileCount + (index % quantileCount)] as number
    })
    const { medianApe, p95Ape, biasLog, coverage90 } = quantileErrors(quantiles, logPrices)
    return { name, rows: rows.length, medianApe, p95Ape, biasLog, coverage90 }
  })
}

/** For each quantile, the share of prices that lay below it: equal to its level where forecasts are honest. */
export const calibrationOf = ({ examples, quantilesUsd }: Forecast): Readonly<{ level: number; below: number }>[] =>
  quantileLevels.map((level, k) => {
    const { logPrices } = examples
    const below = logPrices.filter((price, row) => price < Math.log(quantilesUsd[row * quantileCount + k] as number)).length
    return { level, below: below / logPrices.length }
  })

/** Log of forecast over price, row by row: above 0 = too high. */
export const residualsOf = ({ examples, times, quantilesUsd }: Forecast): Readonly<{ time: number; residual: number }>[] =>
  Array.from(examples.logPrices, (price, row) => ({
    time: times[row] as number,
    residual: Math.log(quantilesUsd[row * quantileCount + medianIndex] as number) - price,
  }))

export const medianApeOf = (quantilesUsd: Float64Array, logPrices: ArrayLike<number>): number =>
  pointErrors(
    Float64Array.from({ length: logPrices.length }, (_, row) => Math.log(quantilesUsd[row * quantileCount + medianIndex] as number)),
    logPrices,
  ).medianApe
