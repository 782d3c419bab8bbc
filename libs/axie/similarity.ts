/**
 * What "like it" means. Players compare axies by class and battle parts; a price also needs coarser and finer company: coarse keys
 * always have recent sales, fine ones have few and good ones.
 */

import type { ItemProfile } from '#schemas/types.ts'
import type { Anatomy } from './anatomy.ts'
import { kindOf } from './attributes.ts'
import { classNumber } from './classes.ts'
import { type PartType, partNumberOf, partTypes } from './parts.ts'

/** What an axie is compared by, as small numbers (each below 64): class, breed count, the six parts in the order of `partTypes`, kind. */
export type Traits = Readonly<{ [Index in 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8]: number }> & ArrayLike<number>

type TraitName = 'class' | 'breedCount' | PartType
const traitNames: readonly TraitName[] = ['class', 'breedCount', ...partTypes]
/** Behind the named ones. It is on every rung: a known Origin, levelled or evolved axie is not alike a plain one. */
const kindTrait = 8

const traits = (axieClass: string, breedCount: number, kind: number, part: (type: PartType) => number): Traits => [
  classNumber(axieClass),
  breedCount,
  part('eyes'),
  part('ears'),
  part('mouth'),
  part('horn'),
  part('back'),
  part('tail'),
  kind,
]

export const traitsOf = ({ class: name, breedCount, kind, parts }: Anatomy): Traits =>
  traits(name, breedCount, kind, (type) => parts[type].number)

export const traitsOfProfile = (profile: ItemProfile): Traits =>
  traits(profile.class, profile.breedCount, kindOf(profile), (type) => partNumberOf(profile.parts[type]))

const rung = <Name extends string>(name: Name, ...names: readonly TraitName[]) => ({
  name,
  traits: [...names.map((trait) => traitNames.indexOf(trait)), kindTrait],
  /** For people: `class, back, tail`. */
  description: names.join(', '),
})

/** From coarse to fine: sales of an axie's like are looked up under each. */
export const similarityLadder = [
  rung('cb', 'class', 'breedCount'),
  rung('cbt', 'class', 'back', 'tail'),
  rung('cbm', 'class', 'back', 'mouth'),
  rung('cbh', 'class', 'back', 'horn'),
  rung('ctm', 'class', 'tail', 'mouth'),
  rung('cth', 'class', 'tail', 'horn'),
  rung('cmh', 'class', 'mouth', 'horn'),
  rung('cbtm', 'class', 'back', 'tail', 'mouth'),
  rung('ctmh', 'class', 'tail', 'mouth', 'horn'),
  rung('n4b', 'back', 'mouth', 'horn', 'tail', 'breedCount'),
  rung('c4', 'class', 'back', 'mouth', 'horn', 'tail'),
  rung('c4b', 'class', 'back', 'mouth', 'horn', 'tail', 'breedCount'),
  rung('six', 'class', 'eyes', 'ears', 'mouth', 'horn', 'back', 'tail'),
  rung('full', 'class', 'eyes', 'ears', 'mouth', 'horn', 'back', 'tail', 'breedCount'),
] as const

export type RungName = (typeof similarityLadder)[number]['name']

export const rungNumber = (name: RungName): number => similarityLadder.findIndex((one) => one.name === name)

/** Equal for axies that are alike on this rung. Nine traits of six bits, of which the first is below 9: an exact number. */
export function keyOn(rungTraits: readonly number[], traits: Traits): number {
  let key = 0
  for (let index = 0; index < rungTraits.length; index += 1) key = key * 64 + (traits[rungTraits[index] as number] as number)
  return key
}

const c4 = similarityLadder[rungNumber('c4')]?.traits ?? []
const six = similarityLadder[rungNumber('six')]?.traits ?? []

/** Same class, back, mouth, horn and tail, as players compare them. */
export const similarKey = (traits: Traits): number => keyOn(c4, traits)
/** Similar, and of the same eyes and ears. */
export const identicalKey = (traits: Traits): number => keyOn(six, traits)

export const areSimilar = (one: Anatomy, other: Anatomy): boolean => similarKey(traitsOf(one)) === similarKey(traitsOf(other))
export const areIdentical = (one: Anatomy, other: Anatomy): boolean => identicalKey(traitsOf(one)) === identicalKey(traitsOf(other))
