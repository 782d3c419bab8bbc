/** What stands beside a forecast, in words for a card and for a message: what sets the axie apart, what it wears, who bids, what its like ask. */

import type { EnrichedListing, ItemProfile, MarketContext, OwnLastSale } from '#schemas/types.ts'
import { axieTitle, usd } from './format.ts'
import { printable } from './terminal-text.ts'

const counted = (count: number | null, words: string): string[] => (count ? [`${count} ${words}`] : [])

/** What sets the axie apart from a plain one of its parts; empty where nothing does, or is known. */
export function apartWords({ attributes }: ItemProfile): string[] {
  if (!attributes) return []
  const { title, level, onchainLevel, evolvedParts, nightmareParts, unknownParts, isBanned } = attributes
  return [
    ...(title ? [axieTitle(printable(title, 40))] : []),
    ...((level ?? 1) > 1 ? [`level ${level}`] : []),
    ...((onchainLevel ?? 1) > 1 ? [`level ${onchainLevel} on chain`] : []),
    ...counted(evolvedParts, 'evolved'),
    ...counted(nightmareParts, 'Nightmare'),
    ...counted(attributes.mystic, 'Mystic'),
    ...counted(attributes.japanese, 'Japanese'),
    ...counted(attributes.xmas, 'Xmas'),
    ...counted(attributes.summer, 'Summer'),
    ...counted(unknownParts, 'of unknown kind'),
    ...(isBanned ? ['banned'] : []),
  ]
}

const maxWorn = 3

export function wornWords({ attributes }: ItemProfile): string[] {
  const worn = attributes?.accessories ?? []
  const named = worn
    .slice(0, maxWorn)
    .map(({ name, rarity }) => `${printable(name, 40)}${rarity === null ? '' : ` (${printable(rarity, 20)})`}`)
  return worn.length > maxWorn ? [...named, `${worn.length - maxWorn} more`] : named
}

/** Empty where the market did not say. */
export function bidWords(bids: EnrichedListing['bids']): string[] {
  if (bids === null || bids === undefined) return []
  const { count, usd: best, token, amount } = bids
  if (best !== null && token !== null && amount !== null)
    return [
      `best ${usd(best)} (${amount.toLocaleString('en', { maximumFractionDigits: 4 })} ${printable(token, 10)})`,
      ...(count === null ? [] : [count === 1 ? 'the only one' : `${count} in all`]),
    ]
  return count === null ? [] : [count === 0 ? 'none' : `${count}, the best of them is not known`]
}

/** The floor of the rarest collection that the axie belongs to; empty where it is of none. */
export function floorWords(collection: MarketContext['collection']): string[] {
  if (collection === null || collection === undefined) return []
  const name = axieTitle(printable(collection.name, 20))
  return collection.floorUsd === null
    ? [`no other ${name} on offer, as far as known`]
    : [`${name} floor ${usd(collection.floorUsd)} of ${collection.asks} known`]
}

/** How it was when it was sold last, where it has grown since. */
export function grownSince({ level, evolvedParts }: OwnLastSale, { attributes }: ItemProfile): string[] {
  const now = { level: Math.max(attributes?.level ?? 1, attributes?.onchainLevel ?? 1), evolvedParts: attributes?.evolvedParts ?? 0 }
  const then = [
    ...(typeof level === 'number' && level < now.level ? [`at level ${level}`] : []),
    ...(typeof evolvedParts === 'number' && evolvedParts < now.evolvedParts
      ? [`${evolvedParts === 0 ? 'none' : evolvedParts} evolved`]
      : []),
  ]
  return then.length === 0 ? [] : [`then ${then.join(', ')}`]
}
