/** What an axie is: the same whatever the market does. */
import { axieClasses, classNumber } from '#lib/axie/classes.ts'
import { battlePartTypes, type PartType, partOf, parts, partTypes } from '#lib/axie/parts.ts'
import type { ItemProfile } from '#schemas/types.ts'
import type { Feature } from './feature-set.ts'

/** It needs to know nothing of the market. */
export type ItemFeature = Omit<Feature, 'read'> & Readonly<{ read(input: Readonly<{ item: ItemProfile }>): number }>

type Read = ItemFeature['read']

export const itemNumber = (name: string, description: string, source: string, read: Read): ItemFeature => ({
  name,
  kind: 'number',
  description,
  source,
  read,
})

const axieClass: ItemFeature = {
  name: 'class',
  kind: 'category',
  description: 'class of the axie',
  source: 'item.class',
  values: axieClasses,
  read: ({ item }) => classNumber(item.class),
}

const partFeature = (type: PartType): ItemFeature => ({
  name: type,
  kind: 'category',
  description: `its ${type}`,
  source: `item.parts.${type}`,
  values: parts.filter((part) => part.type === type).map(({ id }) => id),
  // Parts are numbered from 1 within their type, in the order of their ids.
  read: ({ item }) => (partOf(item.parts[type])?.number ?? Number.NaN) - 1,
})

/** How many of the four parts that fight are of the axie's own class: they hit harder. */
const ownBattleParts: Read = ({ item }) => battlePartTypes.filter((type) => partOf(item.parts[type])?.class === item.class).length

export const itemFeatures: readonly ItemFeature[] = [
  axieClass,
  ...partTypes.map(partFeature),
  itemNumber('breed_count', 'how often it was bred, 0 to 7', 'item.breedCount', ({ item }) => item.breedCount),
  itemNumber('purity', 'percent of its six parts that are of its class', 'item.purity', ({ item }) => item.purity),
  itemNumber('gene_quality', '0 to 1; unknown where genes are', 'item.geneQuality', ({ item }) => item.geneQuality ?? Number.NaN),
  itemNumber(
    'token_number',
    'its number on the market, in millions: its age',
    'item.tokenId / 10^6',
    ({ item }) => Number(item.tokenId) / 1e6,
  ),
  itemNumber('hit_points', 'stat', 'item.stats.hp', ({ item }) => item.stats.hp),
  itemNumber('speed', 'stat', 'item.stats.speed', ({ item }) => item.stats.speed),
  itemNumber('skill', 'stat', 'item.stats.skill', ({ item }) => item.stats.skill),
  itemNumber('morale', 'stat', 'item.stats.morale', ({ item }) => item.stats.morale),
  itemNumber('attack', 'sum over its four cards', 'item.cards.attack', ({ item }) => item.cards.attack),
  itemNumber('defence', 'sum over its four cards', 'item.cards.defence', ({ item }) => item.cards.defence),
  itemNumber('energy', 'sum over its four cards', 'item.cards.energy', ({ item }) => item.cards.energy),
  itemNumber('special_parts', 'how many parts are mystic, seasonal or special else', 'item.specialParts', ({ item }) => item.specialParts),
  itemNumber(
    'own_battle_parts',
    'how many of its battle parts are of its class',
    'count(item.parts: battle part of item.class)',
    ownBattleParts,
  ),
]
