/** The one feature set there is: what an axie is, where the market stands, what its likes and it itself just sold for. */
import { axieClasses, classNumber } from '#lib/axie/classes.ts'
import { battlePartTypes, type PartType, partOf, parts, partTypes } from '#lib/axie/parts.ts'
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures.ts'
import { defineFeatureSet, type Feature, type FeatureInput, type KnownMarket } from './feature-set.ts'

type Read = Feature['read']

const number = (name: string, description: string, source: string, read: Read): Feature => ({
  name,
  kind: 'number',
  description,
  source,
  read,
})

const axieClass: Feature = {
  name: 'class',
  kind: 'category',
  description: 'class of the axie',
  source: 'item.class',
  values: axieClasses,
  read: ({ item }) => classNumber(item.class),
}

const partFeature = (type: PartType): Feature => ({
  name: type,
  kind: 'category',
  description: `its ${type}`,
  source: `item.parts.${type}`,
  values: parts.filter((part) => part.type === type).map(({ id }) => id),
  // Parts are numbered from 1 within their type, in the order of their ids.
  read: ({ item }) => (partOf(item.parts[type])?.number ?? Number.NaN) - 1,
})

/** Of the four parts that fight, how many are of the axie's own class: they hit harder. */
const ownBattleParts: Read = ({ item }) => battlePartTypes.filter((type) => partOf(item.parts[type])?.class === item.class).length

const item: readonly Feature[] = [
  axieClass,
  ...partTypes.map(partFeature),
  number('breed_count', 'how often it was bred, 0 to 7', 'item.breedCount', ({ item }) => item.breedCount),
  number('purity', 'percent of its six parts that are of its class', 'item.purity', ({ item }) => item.purity),
  number('gene_quality', '0 to 1; unknown where genes are', 'item.geneQuality', ({ item }) => item.geneQuality ?? Number.NaN),
  number('token_number', 'its number on the market, in millions: its age', 'item.tokenId / 10^6', ({ item }) => Number(item.tokenId) / 1e6),
  number('hit_points', 'stat', 'item.stats.hp', ({ item }) => item.stats.hp),
  number('speed', 'stat', 'item.stats.speed', ({ item }) => item.stats.speed),
  number('skill', 'stat', 'item.stats.skill', ({ item }) => item.stats.skill),
  number('morale', 'stat', 'item.stats.morale', ({ item }) => item.stats.morale),
  number('attack', 'sum over its four cards', 'item.cards.attack', ({ item }) => item.cards.attack),
  number('defence', 'sum over its four cards', 'item.cards.defence', ({ item }) => item.cards.defence),
  number('energy', 'sum over its four cards', 'item.cards.energy', ({ item }) => item.cards.energy),
  number('special_parts', 'how many parts are mystic, seasonal or special else', 'item.specialParts', ({ item }) => item.specialParts),
  number(
    'own_battle_parts',
    'how many of its battle parts are of its class',
    'count(item.parts: battle part of item.class)',
    ownBattleParts,
  ),
]

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
  features: [...item, ...measureDefinitions.filter(([name]) => isFeature(name)).map(measureFeature)],
})

const levelPlace = measureNumber(levelMeasure)

/** The level of the market that forecasts are relative to, log dollars; null where too few sales are known. */
export function referenceLevel({ measures }: Pick<KnownMarket, 'measures'>): number | null {
  const level = measures[levelPlace]
  return level === undefined || Number.isNaN(level) ? null : level
}
