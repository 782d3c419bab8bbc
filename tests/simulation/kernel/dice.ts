import { createRandom } from '#lib/numbers/random.ts'

/** Chance that a seed repeats. */
export type Dice = Readonly<{
  /** In [0, 1). */
  uniform(): number
  /** A whole number in [0, limit). */
  below(limit: number): number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  /** Dice of their own, so that what is drawn here does not change what is drawn there. */
  fork(salt: number): Dice
}>

export function createDice(seed: number): Dice {
  const { uniform } = createRandom(mixed(seed))
  const below = (limit: number) => Math.floor(uniform() * limit)
  return {
    uniform,
    below,
    between: (least, most) => least + below(most - least + 1),
    chance: (probability) => uniform() < probability,
    pick: (items) => items[below(items.length)]!,
    fork: (salt) => createDice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)),
  }
}

/** Neighbouring seeds must not begin alike. */
function mixed(seed: number): number {
  let hash = seed ^ 0x5bd1e995
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}
