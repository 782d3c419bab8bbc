import { RejectedError } from '#lib/errors/errors.ts'
import type { Item, ItemProfile, SixParts } from '#schemas/types.ts'
import { type AxieClass, classOf } from './classes.ts'
import { decodeGenes, type Genes, geneQualityOf } from './genes.ts'
import { type Part, type PartType, partOf, partTypes } from './parts.ts'
import { cardTotalsOf, purityOf, statsOf } from './stats.ts'

/** An axie breeds seven times at most. */
export const maxBreedCount = 7

/** The part of an item that decides what it is, checked: cheaper than a whole profile. */
export type Anatomy = Readonly<{ class: AxieClass; breedCount: number; parts: Readonly<Record<PartType, Part>> }>

/** Not hatched: no parts yet, so nothing to price. */
export const isEgg = (item: Item): boolean => item.parts.length === 0

function partsOf(item: Item): Readonly<Record<PartType, Part>> {
  const found: Partial<Record<PartType, Part>> = {}
  for (const id of item.parts) {
    const part = partOf(id)
    if (part === null) throw new RejectedError('unknown_part', `axie ${item.tokenId}: expected a known part, found ${shorten(id)}`)
    if (found[part.type] !== undefined)
      throw new RejectedError('unknown_part', `axie ${item.tokenId}: expected one ${part.type}, found two`)
    found[part.type] = part
  }
  const missing = partTypes.filter((type) => found[type] === undefined)
  if (missing.length > 0)
    throw new RejectedError('unknown_part', `axie ${item.tokenId}: expected six parts, found no ${missing.join(', ')}`)
  return found as Record<PartType, Part>
}

const shorten = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

/** Class, breed count and parts against the reference tables. RejectedError: unknown_class, unknown_part, bad_breed_count. */
export function anatomyOf(item: Item): Anatomy {
  const axieClass = classOf(item.class)
  if (axieClass === null)
    throw new RejectedError('unknown_class', `axie ${item.tokenId}: expected a known class, found ${shorten(item.class)}`)
  if (!Number.isInteger(item.breedCount) || item.breedCount < 0 || item.breedCount > maxBreedCount)
    throw new RejectedError('bad_breed_count', `axie ${item.tokenId}: expected 0 to ${maxBreedCount}, found ${item.breedCount}`)
  return { class: axieClass, breedCount: item.breedCount, parts: partsOf(item) }
}

const saysTheSame = (genes: Genes, anatomy: Anatomy): boolean =>
  genes.class === anatomy.class &&
  partTypes.every((type) => {
    const [gene, part] = [genes.parts[type].dominant, anatomy.parts[type]]
    return gene.class === part.class && gene.code === part.geneCode
  })

const idsOf = (parts: Readonly<Record<PartType, Part>>): SixParts => ({
  eyes: parts.eyes.id,
  ears: parts.ears.id,
  mouth: parts.mouth.id,
  horn: parts.horn.id,
  back: parts.back.id,
  tail: parts.tail.id,
})

/**
 * The axie decoded and checked. The parts are the market's word; genes that cannot be read, or that contradict class or parts, count as
 * unknown (no gene quality), never as an error: a longer gene format must not cost us a listing.
 * RejectedError: unknown_class, unknown_part, bad_breed_count.
 */
export function profileOf(item: Item): ItemProfile {
  const anatomy = anatomyOf(item)
  const parts = Object.values(anatomy.parts)
  const decoded = decodeGenes(item.genes)
  const genes = decoded !== null && saysTheSame(decoded, anatomy) ? decoded : null
  return {
    tokenId: item.tokenId,
    class: anatomy.class,
    breedCount: anatomy.breedCount,
    parts: idsOf(anatomy.parts),
    purity: purityOf(anatomy.class, parts),
    geneQuality: genes === null ? null : geneQualityOf(genes),
    genes: genes === null ? null : item.genes,
    stats: statsOf(anatomy.class, parts),
    cards: cardTotalsOf(parts),
    specialParts: parts.filter((part) => part.special !== null).length,
    image: item.image,
  }
}
