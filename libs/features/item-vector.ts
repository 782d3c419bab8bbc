import { createHash } from 'node:crypto'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import type { ItemProfile } from '#schemas/types.ts'
import { itemFeatures } from './item-features.ts'

/** What an item model reads: the axie as it is. Gene quality is left out, because recorded sales do not tell it. */
const features = itemFeatures.filter(({ name }) => name !== 'gene_quality')

export const itemColumns: readonly InputColumn[] = features.map(({ name, kind, values }) =>
  values === undefined ? { name, kind } : { name, kind, size: values.length },
)

/** Changes with any column, its source or its values: an item model of another hash reads something else. */
export const itemVectorHash: string = createHash('sha256')
  .update(JSON.stringify(features.map(({ name, kind, source, values }) => [name, kind, source, values ?? null])))
  .digest('hex')

/** Writes `itemColumns.length` numbers into `vector` from `offset` on. */
export function writeItemVector(item: ItemProfile, vector: Float32Array, offset: number): void {
  for (let index = 0; index < features.length; index++)
    vector[offset + index] = (features[index] as (typeof features)[number]).read({ item })
}
