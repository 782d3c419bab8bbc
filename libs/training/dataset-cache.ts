import { deserialize, serialize } from 'node:v8'
import { type ItemEffects, restoreItemEffects, storeItemEffects } from '#lib/model/item/item-effects.ts'
import type { StoredModel } from '#lib/model/model-family.ts'
import type { Dataset } from './dataset.ts'
import { type Cache, createFolderCache, type FolderCacheOptions } from './folder-cache.ts'

/** What sales become before a model learns from them: the slow part of a training, and the same for all hyperparameters of the model. */
export type FoldedSales = Readonly<{ itemEffects: ItemEffects | null; dataset: Dataset }>

/** Folded sales of earlier trainings. */
export type DatasetCache = Cache<FoldedSales>

export const createDatasetCache = (options: FolderCacheOptions): DatasetCache =>
  createFolderCache(options, {
    extension: 'dataset',
    what: 'the folded sales are',
    encode: ({ itemEffects, dataset }) => serialize({ itemModel: itemEffects === null ? null : storeItemEffects(itemEffects), dataset }),
    decode(content) {
      const { itemModel, dataset } = deserialize(content) as { itemModel: StoredModel | null; dataset: Dataset }
      return { itemEffects: itemModel === null ? null : restoreItemEffects(itemModel), dataset }
    },
  })
