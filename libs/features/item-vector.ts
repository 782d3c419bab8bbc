import { createHash } from 'node:crypto'
import type { Combo } from '#lib/axie/combo-score.ts'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ItemProfile } from '#schemas/types.ts'
import { itemFeatures } from './item-features.ts'

/**
 * What an item model reads: the axie as it is, and how its battle parts fare on the leaderboard. Gene quality is left out, because
 * recorded sales do not tell it.
 */
const features = itemFeatures.filter(({ name }) => name !== 'gene_quality')
const combos = ['parts', 'pairs', 'triples', 'quad'] as const satisfies readonly (keyof Combo)[]

export const itemColumns: readonly InputColumn[] = [
  ...features.map(({ name, kind, values }) => (values === undefined ? { name, kind } : { name, kind, size: values.length })),
  ...combos.map((size): InputColumn => ({ name: `combo.${size}`, kind: 'number' })),
]

/** Changes with any column, its source or its values: an item model of another hash reads something else. */
export const itemVectorHash: string = createHash('sha256')
  .update(JSON.stringify([features.map(({ name, kind, source, values }) => [name, kind, source, values ?? null]), combos]))
  .digest('hex')

/**
 * Writes `itemColumns.length` numbers into `vector` from `offset` on.
 * @param combo null: no leaderboard is known
 */
export function writeItemVector(item: ItemProfile, combo: Combo | null, vector: Float32Array, offset: number): void {
  let at = offset
  for (const { read } of features) vector[at++] = read({ item })
  for (const size of combos) vector[at++] = combo === null ? Number.NaN : combo[size]
}
