/**
 * What an axie is worth beside the market's level, whatever the market does just now. It is part of a trained model's bundle: the model
 * that is promoted brings the item model by which the fold reads sales, until another is promoted.
 */
import type { ItemProfile } from '#schemas/types.ts'

export type ItemModel = Readonly<{
  /** Log price less the market's level that such an axie fetches, by what was learnt from sales of days before `at` (milliseconds). */
  effectOf(profile: ItemProfile, at: number): number
}>

/** Which model prices, and the hash of the feature set it reads (null: not told). */
export type PromotedModel = Readonly<{ modelId: string; featureSetHash: string | null }>

/** Item models of promoted models. A function of the promotion alone, as the fold must be one of its log: a bundle never changes. */
export interface ItemModels {
  /** Null for a model that brings none. RejectedError for one that cannot be used: its promotion is refused, and the one before stays. */
  get(promoted: PromotedModel): ItemModel | null
}

/** For markets that are folded without models. */
export const noItemModels: ItemModels = { get: () => null }
