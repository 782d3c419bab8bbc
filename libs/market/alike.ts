/**
 * Axies that buyers take one for another: same class, same back, mouth, horn and tail, same breed band. Finer than "similar", which
 * leaves out the breed count: an axie that was bred often sells for less.
 */
import type { Anatomy } from '#lib/axie/anatomy.ts'
import { similarKey, type Traits, traitsOf } from '#lib/axie/similarity.ts'

/** 0 for virgins, 1 for one or two breeds, 2 for more. */
export const breedBandOf = (breedCount: number): number => (breedCount === 0 ? 0 : breedCount <= 2 ? 1 : 2)

const bands = 3

/** Equal for axies that are alike: an exact number. */
export const alikeKey = (traits: Traits): number => similarKey(traits) * bands + breedBandOf(traits[1])

export const areAlike = (one: Anatomy, other: Anatomy): boolean => alikeKey(traitsOf(one)) === alikeKey(traitsOf(other))
