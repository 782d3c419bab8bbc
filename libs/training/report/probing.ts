/** What a model makes of its features, found by asking it: the same for every kind of model. */
import type { Examples } from '#lib/model/price-model.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { createRandom, shuffle } from '#lib/numbers/random.ts'
import type { Unseen } from '#lib/training/unseen.ts'
import { medianApeOf } from './breakdown.ts'

export type Importance = Readonly<{
  feature: string
  /** By how much the median error rises when the feature's values are dealt out at random, as a share of the price. */
  lost: number
}>

export type ProbingOptions = Readonly<{ seed: number; rows: number; onProgress?: (done: number, total: number) => void }>

/** Permutation importance (Breiman 2001), largest first. Two features that say the same share it out: neither is missed alone. */
export function importanceOf(unseen: Unseen, { seed, rows, onProgress = () => {} }: ProbingOptions): Importance[] {
  const { model, featureSet } = unseen
  const { vectors, levels, logPrices } = sampleOf(unseen, rows, seed)
  const width = featureSet.features.length
  const errorOf = (asked: Float32Array): number => medianApeOf(model.predict(asked, levels).quantilesUsd, logPrices)
  const usual = errorOf(vectors)
  const random = createRandom(seed)
  return featureSet.features
    .map(({ name }, column) => {
      const order = Int32Array.from(levels, (_, row) => row)
      shuffle(order, random)
      const dealt = vectors.slice()
      for (let row = 0; row < order.length; row++) dealt[row * width + column] = vectors[(order[row] as number) * width + column] as number
      onProgress(column + 1, width)
      return { feature: name, lost: errorOf(dealt) - usual }
    })
    .sort((a, b) => b.lost - a.lost)
}

export type Dependence = Readonly<{
  feature: string
  kind: 'number' | 'category'
  /** Median forecast over the rows were the feature to have that value in all of them, relative to the market's level: 1 = at it. */
  points: readonly Readonly<{ value: number; name: string; worth: number }>[]
}>

const gridPoints = 15
const mostCategories = 12

/** Partial dependence (Friedman 2001): at quantiles of a number's values, at the commonest values of a category. */
export function dependenceOf(unseen: Unseen, feature: string, { seed, rows }: ProbingOptions): Dependence {
  const { model, featureSet } = unseen
  const sample = sampleOf(unseen, rows, seed)
  const width = featureSet.features.length
  const column = featureSet.features.findIndex(({ name }) => name === feature)
  const names = featureSet.features[column]?.values
  const values = names === undefined ? quantilesOf(unseen.examples, width, column) : commonestOf(unseen.examples, width, column)
  const points = values.map((value) => {
    const vectors = sample.vectors.slice()
    for (let row = 0; row < sample.levels.length; row++) vectors[row * width + column] = value
    const { quantilesUsd } = model.predict(vectors, sample.levels)
    const relative = sample.levels.map((level, row) => Math.log(quantilesUsd[row * quantileCount + medianIndex] as number) - level).sort()
    return { value, name: names?.[value] ?? String(value), worth: Math.exp(relative[relative.length >> 1] as number) }
  })
  return { feature, kind: names === undefined ? 'number' : 'category', points }
}

const columnOf = ({ vectors, levels }: Examples, width: number, column: number): Float64Array =>
  Float64Array.from(levels, (_, row) => vectors[row * width + column] as number).filter((value) => !Number.isNaN(value))

function quantilesOf(examples: Examples, width: number, column: number): number[] {
  const sorted = columnOf(examples, width, column).sort()
  const grid = Array.from({ length: gridPoints }, (_, point) => sorted[Math.floor(((point + 0.5) * sorted.length) / gridPoints)])
  return [...new Set(grid.filter((value) => value !== undefined))]
}

function commonestOf(examples: Examples, width: number, column: number): number[] {
  const counts = new Map<number, number>()
  for (const value of columnOf(examples, width, column)) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostCategories)
    .map(([value]) => value)
}

/** Rows drawn without putting back. */
function sampleOf({ examples, featureSet }: Unseen, rows: number, seed: number): Examples {
  const width = featureSet.features.length
  const order = Int32Array.from(examples.levels, (_, row) => row)
  shuffle(order, createRandom(seed))
  const drawn = order.subarray(0, rows).sort()
  const vectors = new Float32Array(drawn.length * width)
  drawn.forEach((row, place) => {
    vectors.set(examples.vectors.subarray(row * width, (row + 1) * width), place * width)
  })
  return {
    vectors,
    levels: Float64Array.from(drawn, (row) => examples.levels[row] as number),
    logPrices: Float64Array.from(drawn, (row) => examples.logPrices[row] as number),
  }
}
