import type { FeatureSet } from '#lib/features/feature-set.ts'
import type { ModelFamily } from '#lib/model/model-family.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { createSimilarSalesFamily } from '#lib/model/simple/similar-sales-family.ts'

/** Forecasts that need no model: what a model must beat to be worth having. Log dollars, one per row. */
export type SimpleRule = Readonly<{ name: string; forecast(rows: Examples): Float64Array }>

/** The first of these relative prices that is known, on top of the level; the level itself where none is. */
function firstKnown(name: string, featureSet: FeatureSet, columns: readonly string[]): SimpleRule {
  const width = featureSet.features.length
  const places = columns.map((column) => featureSet.features.findIndex((feature) => feature.name === column))
  if (places.includes(-1)) throw new Error(`${featureSet.name} has no feature ${columns[places.indexOf(-1)]}`)
  return {
    name,
    forecast: ({ vectors, levels }) =>
      levels.map((level, row) => {
        const place = places.find((place) => !Number.isNaN(vectors[row * width + place]))
        return level + (place === undefined ? 0 : (vectors[row * width + place] as number))
      }),
  }
}

/** The rules by the relative prices they read, the first that is known. */
const ruleColumns = {
  'last similar sale': ['c4.last', 'cb.last', 'class.q50'],
  'median of last 8 similar': ['c4.median', 'cb.median', 'class.q50'],
  'pooled look-alikes': ['pool.median', 'class.q50'],
} as const

/** The same rules as members of a stack: where a market is too thin to learn from, they are what it is made of. */
export const ruleFamilies = (): ModelFamily[] => Object.values(ruleColumns).map((columns) => createSimilarSalesFamily(columns))

/** @param fit the rows that the constant is taken from */
export function simpleRules(featureSet: FeatureSet, fit: Examples): SimpleRule[] {
  const median = fit.logPrices.slice().sort()[fit.logPrices.length >> 1] as number
  return [
    ...Object.entries(ruleColumns).map(([name, columns]) => firstKnown(name, featureSet, columns)),
    { name: 'constant', forecast: ({ levels }) => levels.map(() => median) },
  ]
}
