/**
 * The two-stage feature set. Its level is not the market's alone: an item model says what such an axie is worth beside the market, and the
 * level of what is left (see libs/market/levels/residual-levels.ts) says where the market stands, whatever happened to be sold. What a model adds
 * to that is learnt from what the axie's likes just sold for, each price taken relative to this very level.
 */
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures/measures.ts'
import { defineFeatureSet, type Feature, type KnownMarket } from './feature-set.ts'
import { itemFeatures } from './item-features.ts'
import { isRelativePrice, isStretched, measureFeature } from './measure-features.ts'

const [reference, residualReference, effect] = ['market.reference', 'residual.reference', 'residual.effect'].map(measureNumber) as [
  number,
  number,
  number,
]

/** Log dollars: item effect and level of what is left; where these are unknown the market's reference level. NaN where that is, too. */
function levelIn(measures: readonly number[]): number {
  const level = (measures[residualReference] as number) + (measures[effect] as number)
  return Number.isNaN(level) ? (measures[reference] as number) : level
}

/** A relative price of the fold is relative to the market's reference: here it becomes relative to this set's level. */
function rebasedFeature([name, definition]: (typeof measureDefinitions)[number]): Feature {
  const place = measureNumber(name)
  return {
    name,
    kind: 'number',
    description: `${definition}; relative to item effect and level of residuals`,
    source: `context.measures[${name}] + context.measures[market.reference] - level`,
    read: ({ context: { measures } }) => (measures[place] as number) + (measures[reference] as number) - levelIn(measures),
  }
}

const anchor = 'residual.pool.median'

const isResidual = (name: string): boolean => name.includes('residual.')

/**
 * As in axie-v1, nothing tells a model which day it is: of the residuals of the whole market only their last hour stays. On the recorded
 * sales, trained until April 20, this took the bias of the next days from +0.5% to -0.1%.
 */
const tellTheDay = ['reference', 'hours24', 'days7', 'q10', 'q90'].map((name) => `residual.${name}`)
const isState = (name: string): boolean => isResidual(name) && !tellTheDay.includes(name)

/** How much is known and how fresh it is, and what the leaderboard says. */
const isPlain = (name: string): boolean =>
  (isStretched(name) && !name.startsWith('market.')) || name.startsWith('combo.') || name === 'neighbours.nearest' || name === 'own.breeds'

const features = measureDefinitions.flatMap((measure): Feature[] => {
  const [name] = measure
  if (isState(name)) return [{ ...measureFeature(measure), kind: name === anchor ? 'relative' : 'number' }]
  if (isRelativePrice(name) || name === 'class.q50') return [rebasedFeature(measure)]
  return isPlain(name) ? [measureFeature(measure)] : []
})

export const axieResidualFeatures = defineFeatureSet({
  name: 'axie-v2',
  measureSet,
  level: 'residual.reference + residual.effect, else market.reference',
  levelOf({ measures }: Pick<KnownMarket, 'measures'>) {
    const level = measures.length === 0 ? Number.NaN : levelIn(measures)
    return Number.isNaN(level) ? null : level
  },
  anchor,
  features: [...itemFeatures, ...features],
})
