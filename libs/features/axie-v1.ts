/** The one feature set there is: what an axie is, where the market stands, what its likes and it itself just sold for. */
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures.ts'
import { defineFeatureSet, type Feature, type FeatureInput, type KnownMarket } from './feature-set.ts'
import { itemFeatures } from './item-features.ts'

/** Counts, rates and ages matter by their ratios: ln(1 + x). Relative prices are differences of logs already. */
const isStretched = (measure: string): boolean => /\.(count|ageHours|salesPerHour|weight)$/.test(measure)
const isRelativePrice = (measure: string): boolean =>
  /^(?!market|class|combo).*\.(last|median|weighted|minimum|q25|q75|mean|relative|relativeNow)$/.test(measure)

/** The level that everything else is relative to: not an input, but what a forecast is added to. */
const levelMeasure = 'market.reference'

/**
 * Measures of the whole market are the same for all sales of an hour: a few hundred different values in a week of sales. A model learns
 * from them which day it was rather than what an axie is worth: on the recorded sales, five days on, the median error with them was
 * 11.0%, without 10.6%. All that stays is where the market has moved within the last hour.
 */
const isFeature = (measure: string): boolean => !measure.startsWith('market.') || measure === 'market.hours1'

function measureFeature([name, definition]: (typeof measureDefinitions)[number]): Feature {
  const place = measureNumber(name)
  const stretched = isStretched(name)
  return {
    name,
    kind: isRelativePrice(name) ? 'relative' : 'number',
    description: stretched ? `ln(1 + ${definition})` : definition,
    source: stretched ? `ln(1 + context.measures[${name}])` : `context.measures[${name}]`,
    read: stretched
      ? ({ context }: FeatureInput) => Math.log1p(context.measures[place] as number)
      : ({ context }: FeatureInput) => context.measures[place] as number,
  }
}

export const axieFeatures = defineFeatureSet({
  name: 'axie-v1',
  measureSet,
  anchor: 'pool.median',
  features: [...itemFeatures, ...measureDefinitions.filter(([name]) => isFeature(name)).map(measureFeature)],
})

const levelPlace = measureNumber(levelMeasure)

/** The level of the market that forecasts are relative to, log dollars; null where too few sales are known. */
export function referenceLevel({ measures }: Pick<KnownMarket, 'measures'>): number | null {
  const level = measures[levelPlace]
  return level === undefined || Number.isNaN(level) ? null : level
}
