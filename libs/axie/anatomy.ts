import { RejectedError } from '#lib/errors/errors.ts'
import type { Item, PartFacts } from '#schemas/types.ts'
import { type Collection, collectionsOf, kindOf, profileAttributesOf } from './attributes.ts'
import { type AxieClass, classOf } from './classes.ts'
import { decodeGenes } from './genes.ts'
import { type Part, type PartType, partOf, partTypeOf, partTypes, plainPartOfGene, unknownPartNumber } from './parts.ts'

/** An axie breeds seven times at most. */
export const maxBreedCount = 7

/**
 * A part as it stands on an axie. `standsFor`: the part of the table that says its card, gene and feature; null where the id is in no
 * table and neither genes nor market tell which plain part it dresses up. Its class is then the market's word, or the axie's own.
 */
export type BodyPart = Part & Readonly<{ isKnown: boolean; standsFor: Part | null }>
export type SixBodyParts = Readonly<Record<PartType, BodyPart>>

/** The part of an item that decides what it is, checked: cheaper than a whole profile. */
export type Anatomy = Readonly<{
  class: AxieClass
  breedCount: number
  parts: SixBodyParts
  /** See `kindOf`: 0 for a plain axie. */
  kind: number
  /** Those that it belongs to, the rarest first. */
  collections: readonly Collection[]
}>

/** Not hatched: no parts yet, so nothing to price. */
export const isEgg = (item: Item): boolean => item.parts.length === 0

/** Class, breed count and parts. RejectedError: unknown_class, unknown_part (not one of each type), bad_breed_count. */
export function anatomyOf(item: Item): Anatomy {
  const axieClass = classOf(item.class)
  if (axieClass === null)
    throw new RejectedError('unknown_class', `axie ${item.tokenId}: expected a known class, found ${shorten(item.class)}`)
  if (!Number.isInteger(item.breedCount) || item.breedCount < 0 || item.breedCount > maxBreedCount)
    throw new RejectedError('bad_breed_count', `axie ${item.tokenId}: expected 0 to ${maxBreedCount}, found ${item.breedCount}`)
  const parts = bodyPartsOf(item, axieClass)
  const apart = { attributes: profileAttributesOf(item, Object.values(parts)) }
  return { class: axieClass, breedCount: item.breedCount, parts, kind: kindOf(apart), collections: collectionsOf(apart) }
}

const shorten = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

/**
 * One of each type, whatever their ids: which part it is may be unknown, where it sits may not. A single one of which nobody tells sits
 * where no other does.
 */
function bodyPartsOf(item: Item, axieClass: AxieClass): SixBodyParts {
  const found: Partial<Record<PartType, BodyPart>> = {}
  const astray: number[] = []
  const place = (index: number, type: PartType, known: Part | null): void => {
    const [id, facts] = [item.parts[index]!, item.attributes?.parts[index]]
    if (found[type] !== undefined) throw new RejectedError('unknown_part', `axie ${item.tokenId}: expected one ${type}, found two`)
    found[type] = known === null ? unknownPart(id, type, facts, item, axieClass) : knownPart(known, facts)
  }
  for (const [index, id] of item.parts.entries()) {
    const known = partOf(id)
    const type = known?.type ?? typeOf(id, item.attributes?.parts[index])
    if (type === null) astray.push(index)
    else place(index, type, known)
  }
  const free = partTypes.filter((type) => found[type] === undefined)
  if (astray.length > 1 || astray.length > free.length)
    throw new RejectedError(
      'unknown_part',
      `axie ${item.tokenId}: expected a part of one of six types, found ${shorten(item.parts[astray[0]!]!)}`,
    )
  if (free.length > astray.length)
    throw new RejectedError('unknown_part', `axie ${item.tokenId}: expected six parts, found no ${free.join(', ')}`)
  if (astray[0] !== undefined) place(astray[0], free[0]!, null)
  return found as Record<PartType, BodyPart>
}

function typeOf(id: string, facts: PartFacts | undefined): PartType | null {
  const said = facts?.type?.toLowerCase()
  return partTypes.find((type) => type === said) ?? partTypeOf(id)
}

const bodyParts = new WeakMap<Part, BodyPart>()

/** The tables know its gene, class and card; that it has evolved is the market's word where it says so. */
function knownPart(part: Part, facts: PartFacts | undefined): BodyPart {
  const asListed = bodyParts.get(part) ?? { ...part, isKnown: true, standsFor: part }
  bodyParts.set(part, asListed)
  const stage = facts?.stage ?? part.stage
  return stage > part.stage ? { ...asListed, stage } : asListed
}

function unknownPart(id: string, type: PartType, facts: PartFacts | undefined, item: Item, axieClass: AxieClass): BodyPart {
  const gene = decodeGenes(item.genes)?.parts[type].dominant ?? null
  const said = classOf(facts?.class ?? '')
  // Genes that contradict the market's word are another axie's.
  const standsFor = gene !== null && (said === null || said === gene.class) ? plainPartOfGene(type, gene.class, gene.code) : null
  return {
    id,
    type,
    class: said ?? standsFor?.class ?? axieClass,
    geneCode: standsFor?.geneCode ?? Number.NaN,
    special: editionOf(facts?.special),
    stage: facts?.stage ?? (id.endsWith('-2') ? 2 : 1),
    card: standsFor?.card ?? null,
    number: unknownPartNumber(id),
    isKnown: false,
    standsFor,
  }
}

/** `NightmareShiny` is `nightmare-shiny`, as the tables spell editions; null for a plain part, and where the market does not say. */
const editionOf = (special: string | null | undefined): string | null =>
  special ? special.replaceAll(/(?<=[a-z])(?=[A-Z\d])/g, '-').toLowerCase() : null
