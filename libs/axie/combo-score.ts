/**
 * Which battle parts win together. From the newest leaderboard: for each pair, triple and the four battle parts, how much of the
 * leaderboard of that class plays them, where an axie of a better player weighs more.
 */

import type { ItemProfile, LeaderboardAxie } from '#schemas/types.ts'
import { classNumber, classOf } from './classes.ts'
import { battlePartTypes, partOf } from './parts.ts'

/** Shares of a class's leaderboard, 0 to 1; all 0 without a leaderboard. */
export type Combo = Readonly<{
  /** The mean share of the four parts one by one, of the six pairs, and of the four triples. */
  parts: number
  pairs: number
  triples: number
  /** The share of all four together. */
  quad: number
}>

export type Leaderboard = Readonly<{ comboOf(profile: ItemProfile): Combo }>

/** One number for people: the mean of the shares of pairs, triples and the quad. */
export const comboScoreOf = (combo: Combo): number => (combo.pairs + combo.triples + combo.quad) / 3

/** Ranks start at 1; beyond 400 players an axie still counts a little. Whole numbers, so that sums are exact. */
const weightOf = (rank: number): number => Math.max(1, 401 - Math.max(1, Math.trunc(rank)))

/** Subsets of the four battle parts as bits, by size. */
const subsetsOfSize = [1, 2, 3, 4].map((size) =>
  Array.from({ length: 16 }, (_, bits) => bits).filter((bits) => battlePartTypes.filter((_, index) => bits & (1 << index)).length === size),
)

/** Class and the numbers of the parts in the subset, six bits each: 30 bits. */
function comboKey(axieClass: number, battleParts: readonly number[], subset: number): number {
  let key = axieClass
  for (let index = 0; index < battleParts.length; index += 1) key = key * 64 + (subset & (1 << index) ? (battleParts[index] as number) : 0)
  return key
}

/** The numbers of the four battle parts, or null of an axie whose parts are not known. */
function battlePartsOf(ids: readonly string[]): readonly number[] | null {
  const parts = ids.map(partOf)
  const battle = battlePartTypes.map((type) => parts.find((part) => part?.type === type)?.number)
  return battle.every((number) => number !== undefined) ? battle : null
}

/** Axies of unknown class or parts are left out: one new part must not cost us the leaderboard. */
export function createLeaderboard(axies: readonly LeaderboardAxie[]): Leaderboard {
  const weights = new Map<number, number>()
  const totals = new Map<number, number>()
  for (const axie of axies) {
    const [axieClass, battle, weight] = [classNumber(classOf(axie.class) ?? ''), battlePartsOf(axie.parts), weightOf(axie.rank)]
    if (axieClass < 0 || battle === null || Number.isNaN(weight)) continue
    totals.set(axieClass, (totals.get(axieClass) ?? 0) + weight)
    for (const subset of subsetsOfSize.flat()) {
      const key = comboKey(axieClass, battle, subset)
      weights.set(key, (weights.get(key) ?? 0) + weight)
    }
  }

  return {
    comboOf(profile) {
      const axieClass = classNumber(profile.class)
      const total = totals.get(axieClass) ?? 0
      const battle = battlePartsOf(Object.values(profile.parts))
      if (total === 0 || battle === null) return { parts: 0, pairs: 0, triples: 0, quad: 0 }
      const share = (subsets: readonly number[]): number => {
        let sum = 0
        for (const subset of subsets) sum += weights.get(comboKey(axieClass, battle, subset)) ?? 0
        return sum / (total * subsets.length)
      }
      const [parts, pairs, triples, quad] = subsetsOfSize.map(share) as [number, number, number, number]
      return { parts, pairs, triples, quad }
    },
  }
}

export const noLeaderboard: Leaderboard = createLeaderboard([])
