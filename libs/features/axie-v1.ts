/** The feature set of models without an item model: what an axie is, where the market stands, what its likes and it itself just sold for. */
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures/measures.ts'
import { defineFeatureSet, type KnownMarket } from './feature-set.ts'
import { itemFeatures } from './item-features.ts'
import { measureFeature } from './measure-features.ts'

/** The level that everything else is relative to: not an input, but what a forecast is added to. */
const levelMeasure = 'market.reference'

/**
 * Measures of the whole market are the same for all sales of an hour: a few hundred different values in a week of sales. A model learns
 * from them which day it was rather than what an axie is worth: on the recorded sales, five days on, the median error with them was
 * 11.0%, without 10.6%. All that stays is where the market has moved within the last hour.
 */
const isFeature = (measure: string): boolean =>
  (!measure.startsWith('market.') || measure === 'market.hours1') && !measure.includes('residual.')

const levelPlace = measureNumber(levelMeasure)

export const axieFeatures = defineFeatureSet({
  name: 'axie-v1',
  measureSet,
  level: levelMeasure,
  levelOf({ measures }: Pick<KnownMarket, 'measures'>) {
    const level = measures[levelPlace]
    return level === undefined || Number.isNaN(level) ? null : level
  },
  anchor: 'pool.median',
  features: [...itemFeatures, ...measureDefinitions.filter(([name]) => isFeature(name)).map(measureFeature)],
})
