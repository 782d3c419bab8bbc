/**
 * What sets an axie apart from a plain one of its parts: title, level, evolution, edition. "Unknown" is a value of its own: recordings
 * of 2022 tell none of it, and count as plain wherever axies are compared, or all history would be unlike everything.
 */
import type { Item, ItemAttributes, ItemProfile, ProfileAttributes } from '#schemas/types.ts'
import type { BodyPart } from './anatomy.ts'
import { isTablePart } from './parts.ts'

/** Null where nothing is known beyond parts of the table. */
export function profileAttributesOf(item: Item, parts: readonly BodyPart[]): ProfileAttributes | null {
  const attributes = item.attributes ?? null
  if ((attributes === null || isSilent(attributes)) && parts.every(isOfTable)) return null
  const ofEdition = (name: string): number => parts.filter(({ special }) => special?.startsWith(name)).length
  return {
    title: attributes?.title?.trim().toLowerCase() ?? null,
    bodyShape: attributes?.bodyShape ?? null,
    level: attributes?.level ?? null,
    onchainLevel: attributes?.onchainLevel ?? null,
    isBanned: attributes?.isBanned ?? null,
    evolvedParts: parts.filter(({ stage }) => stage > 1).length,
    nightmareParts: ofEdition('nightmare'),
    mystic: attributes?.mystic ?? ofEdition('mystic'),
    japanese: attributes?.japanese ?? ofEdition('japan'),
    xmas: attributes?.xmas ?? ofEdition('xmas'),
    summer: attributes?.summer ?? ofEdition('summer'),
    unknownParts: parts.filter(({ isKnown }) => !isKnown).length,
    accessories: attributes?.accessories ?? null,
  }
}

const isOfTable = ({ id, stage }: BodyPart): boolean => stage === 1 && isTablePart(id)

const isSilent = ({ parts, ...attributes }: ItemAttributes): boolean =>
  Object.values(attributes).every((value) => value === null) && parts.every(({ special, stage }) => special === null && stage === null)

type Apart = Pick<ItemProfile, 'attributes'>

const originTitles = ['origin']
const meoTitles = ['meo']

/** What titles come to. Feature sets name these. */
export const titleGroups = ['none', 'origin', 'meo', 'other'] as const

/** none also where the title is unknown. */
export function titleGroupOf({ attributes }: Apart): (typeof titleGroups)[number] {
  const title = attributes?.title ?? ''
  if (title === '') return 'none'
  if (originTitles.some((name) => title.startsWith(name))) return 'origin'
  return meoTitles.some((name) => title.startsWith(name)) ? 'meo' : 'other'
}

/** The higher of both levels; 1, what an axie hatches with, also where none is known. */
export const levelOf = ({ attributes }: Apart): number => Math.max(1, attributes?.level ?? 1, attributes?.onchainLevel ?? 1)

/** What of an axie grows: its level (the higher of both) and how many parts have evolved; null where nobody told. */
export type Growth = Readonly<{ level: number | null; evolvedParts: number | null }>

export const unknownGrowth: Growth = { level: null, evolvedParts: null }

export function grownOf(profile: Apart): Growth {
  const { attributes } = profile
  if (attributes === null || attributes === undefined) return unknownGrowth
  const isLevelTold = attributes.level !== null || attributes.onchainLevel !== null
  return { level: isLevelTold ? levelOf(profile) : null, evolvedParts: attributes.evolvedParts }
}

/** Levels from each of these on are a group of their own. */
const levelGroups = [2, 20, 40] as const
const someEvolved = [1, 3] as const

const groupIn = (bounds: readonly number[], value: number): number => bounds.filter((bound) => value >= bound).length

/** 0 none, 1 one or two evolved, 2 three or more, 3 where any is a Nightmare one. */
function formGroupOf({ attributes }: Apart): number {
  if ((attributes?.nightmareParts ?? 0) > 0) return 3
  return groupIn(someEvolved, attributes?.evolvedParts ?? 0)
}

/**
 * The kind of axie, as a number below 64 for compact keys: axies of different kinds are not alike, whatever their parts. 0 for a plain one
 * and for one of which nothing is known.
 */
export const kindOf = (profile: Apart): number =>
  titleGroups.indexOf(titleGroupOf(profile)) * 16 + groupIn(levelGroups, levelOf(profile)) * 4 + formGroupOf(profile)

/** By what an axie can differ from a plain one of its parts: a model whose column of that name never varied knows nothing of it. */
export const distinctions = ['title', 'level', 'evolved_part', 'nightmare_part', 'unknown_part', 'ban'] as const
export type Distinction = (typeof distinctions)[number]

/** Empty of a plain axie, and of one of which nothing is known. */
export function distinctionsOf(profile: Apart): Distinction[] {
  const { evolvedParts, nightmareParts, unknownParts, isBanned } = profile.attributes ?? {}
  const holds: Readonly<Record<Distinction, boolean>> = {
    title: titleGroupOf(profile) !== 'none',
    level: levelOf(profile) > 1,
    evolved_part: (evolvedParts ?? 0) > 0,
    nightmare_part: (nightmareParts ?? 0) > 0,
    unknown_part: (unknownParts ?? 0) > 0,
    ban: isBanned === true,
  }
  return distinctions.filter((name) => holds[name])
}

/** What a collector pays for: the collections that an axie belongs to, the rarest first. Its floor is looked up under the first. */
export const collections = ['mystic', 'origin', 'meo', 'nightmare', 'japanese', 'xmas', 'summer'] as const
export type Collection = (typeof collections)[number]

const noCollections: readonly Collection[] = []

/** The rarest first; empty of a plain axie, and of one of which nothing is known. */
export function collectionsOf(profile: Apart): readonly Collection[] {
  const { attributes } = profile
  if (attributes === null || attributes === undefined) return noCollections
  const title = titleGroupOf(profile)
  const counts: Readonly<Record<Collection, number | null>> = {
    mystic: attributes.mystic,
    origin: title === 'origin' ? 1 : 0,
    meo: title === 'meo' ? 1 : 0,
    nightmare: attributes.nightmareParts,
    japanese: attributes.japanese,
    xmas: attributes.xmas,
    summer: attributes.summer,
  }
  return collections.filter((name) => (counts[name] ?? 0) > 0)
}
