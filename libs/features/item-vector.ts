import { createHash } from 'node:crypto'
import type { Combo } from '#lib/axie/combo-score.ts'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ItemProfile } from '#schemas/types.ts'
import { attributeFeatures } from './attribute-features.ts'
import { type ItemFeature, itemFeatures } from './item-features.ts'

/** What an item model reads: the axie as it is, and how its battle parts fare on the leaderboard. */
export type ItemVector = Readonly<{
  columns: readonly InputColumn[]
  /** Changes with any column, its source or its values: an item model of another hash reads something else. */
  hash: string
  /**
   * Writes `columns.length` numbers into `vector` from `offset` on.
   * @param combo null: no leaderboard is known
   */
  write(item: ItemProfile, combo: Combo | null, vector: Float32Array, offset: number): void
}>

const combos = ['parts', 'pairs', 'triples', 'quad'] as const satisfies readonly (keyof Combo)[]

function defineItemVector(features: readonly ItemFeature[]): ItemVector {
  return {
    columns: [
      ...features.map(({ name, kind, values }) => (values === undefined ? { name, kind } : { name, kind, size: values.length })),
      ...combos.map((size): InputColumn => ({ name: `combo.${size}`, kind: 'number' })),
    ],
    hash: createHash('sha256')
      .update(JSON.stringify([features.map(({ name, kind, source, values }) => [name, kind, source, values ?? null]), combos]))
      .digest('hex'),
    write(item, combo, vector, offset) {
      let at = offset
      for (const { read } of features) vector[at++] = read({ item })
      for (const size of combos) vector[at++] = combo === null ? Number.NaN : combo[size]
    },
  }
}

/** Gene quality is left out, because recorded sales do not tell it. */
const plainFeatures = itemFeatures.filter(({ name }) => name !== 'gene_quality')

/** For item models from before attributes were known. */
export const plainItemVector = defineItemVector(plainFeatures)
export const itemVector = defineItemVector([...plainFeatures, ...attributeFeatures])

const byHash: ReadonlyMap<string, ItemVector> = new Map([plainItemVector, itemVector].map((vector) => [vector.hash, vector]))

/** Undefined of a hash that no vector of this version has. */
export const itemVectorOf = (hash: string): ItemVector | undefined => byHash.get(hash)
