import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ForecastRows } from '#lib/model/price-model.ts'
import { quantileCount } from '#lib/model/quantile-head.ts'

/** How lively its like is, and how fresh what is known of it. As they stand in the vector. */
const states = [
  'breed_count',
  'class.salesPerHour',
  'cb.ageHours',
  'c4.count',
  'c4.ageHours',
  'n4b.count',
  'n4b.ageHours',
  'c4b.count',
  'c4b.ageHours',
  'full.count',
  'full.ageHours',
  'pool.weight',
  'own.ageHours',
  'residual.hours1',
] as const
/** Prices relative to the level: here they are told relative to the forecast's median. */
const prices = ['c4b.last', 'c4b.median', 'c4b.minimum', 'c4.median', 'cb.median', 'pool.median'] as const
/** What the forecast is like: how wide it is on either side, how dear, and how unlike what the model learnt from. */
const ofForecast = ['width.low', 'width.inner', 'width.high', 'logUsd', 'novelty'] as const

/** Every input is a number; one that a feature set does not have is unknown in all rows. */
export const headColumns: readonly InputColumn[] = [...ofForecast, ...states, ...prices].map((name) => ({ name, kind: 'number' }))

/** rows × headColumns.length, NaN where unknown. */
export function headInputs({ columnNames, vectors, levels, forecasts: { quantilesUsd, novelty } }: ForecastRows): Float32Array {
  const [width, inputWidth] = [columnNames.length, headColumns.length]
  const [statePlaces, pricePlaces] = [states, prices].map((names) => names.map((name) => columnNames.indexOf(name)))
  const inputs = new Float32Array(levels.length * inputWidth)
  const read = (row: number, place: number): number => (place < 0 ? Number.NaN : (vectors[row * width + place] as number))
  for (let row = 0, at = 0; row < levels.length; row++) {
    const log = (level: number): number => Math.log(quantilesUsd[row * quantileCount + level] as number)
    const median = log(2)
    for (const value of [median - log(0), log(3) - log(1), log(4) - median, median, novelty[row] as number]) inputs[at++] = value
    for (const place of statePlaces as number[]) inputs[at++] = read(row, place)
    for (const place of pricePlaces as number[]) inputs[at++] = read(row, place) + (levels[row] as number) - median
  }
  return inputs
}
