/**
 * What sets an axie apart from a plain one of its parts. Unknown counts as plain wherever ids or history decide (title, forms); a level
 * that nobody told is unknown. Names begin with `attribute.`, by which a model says which distinctions it has learnt (libs/axie/attributes.ts).
 */
import { levelOf, titleGroupOf, titleGroups } from '#lib/axie/attributes.ts'
import type { ProfileAttributes } from '#schemas/types.ts'
import { type ItemFeature, itemNumber } from './item-features.ts'

const title: ItemFeature = {
  name: 'attribute.title',
  kind: 'category',
  description: 'its title; none also where nobody told',
  source: 'group(item.attributes.title)',
  values: titleGroups,
  read: ({ item }) => titleGroups.indexOf(titleGroupOf(item)),
}

const countFeature = (name: string, description: string, count: 'evolvedParts' | 'nightmareParts' | 'unknownParts'): ItemFeature =>
  itemNumber(name, description, `item.attributes.${count}, else 0`, ({ item }) => item.attributes?.[count] ?? 0)

const isLevelKnown = (attributes: ProfileAttributes | null | undefined): boolean =>
  (attributes?.level ?? null) !== null || (attributes?.onchainLevel ?? null) !== null

export const attributeFeatures: readonly ItemFeature[] = [
  title,
  itemNumber(
    'attribute.level',
    'the higher of its levels, 1 for one that hatched; unknown where nobody told',
    'max(1, item.attributes.level, item.attributes.onchainLevel)',
    ({ item }) => (isLevelKnown(item.attributes) ? levelOf(item) : Number.NaN),
  ),
  countFeature('attribute.evolved_part', 'how many of its parts have evolved', 'evolvedParts'),
  countFeature('attribute.nightmare_part', 'how many of its parts are Nightmare ones', 'nightmareParts'),
  countFeature('attribute.unknown_part', 'how many of its parts are in no table', 'unknownParts'),
  itemNumber('attribute.ban', '1 for one that is banned from battle', 'item.attributes.isBanned, else 0', ({ item }) =>
    item.attributes?.isBanned === true ? 1 : 0,
  ),
]
