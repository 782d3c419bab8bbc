import type { CardTotals, Stats } from '#schemas/types.ts'
import type { AxieClass } from './classes.ts'
import type { Part } from './parts.ts'
import { baseStats, partClassBonus } from './reference-tables.ts'

/** Base of the class plus the bonus of each part's class: exact for every axie ever checked. */
export function statsOf(axieClass: AxieClass, parts: readonly Part[]): Stats {
  const rows = [baseStats[axieClass], ...parts.map((part) => partClassBonus[part.class])]
  const sum = (column: 0 | 1 | 2 | 3): number => rows.reduce((total, row) => total + (row?.[column] ?? 0), 0)
  return { hp: sum(0), speed: sum(1), skill: sum(2), morale: sum(3) }
}

/** Sums over the battle cards: what the axie can do in a round. Energy is what that costs. */
export function cardTotalsOf(parts: readonly Part[]): CardTotals {
  const sum = (key: keyof CardTotals): number => parts.reduce((total, part) => total + (part.card?.[key] ?? 0), 0)
  return { attack: sum('attack'), defence: sum('defence'), energy: sum('energy') }
}

/** Percent of the six parts that are of the axie's own class, cut to a whole number as the market does (4 of 6 is 66). */
export function purityOf(axieClass: AxieClass, parts: readonly Part[]): number {
  const own = parts.filter((part) => part.class === axieClass).length
  return Math.floor((100 * own) / 6)
}
