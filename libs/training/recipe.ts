import { UsageError } from '#lib/app/usage-error.ts'
import { axieAttributeFeatures } from '#lib/features/axie-v3.ts'
import { type FeatureSet, inputColumnsOf } from '#lib/features/feature-set.ts'
import { type ItemVector, itemVector } from '#lib/features/item-vector.ts'
import { payloadOf } from '#lib/market/event.ts'
import { fitItemEffects, type ItemEffectSettings, type ItemEffects } from '#lib/model/item/item-effects.ts'
import type { ModelFamily, TrainingTask } from '#lib/model/model-family.ts'
import { createDenseFamily } from '#lib/model/network/dense-family.ts'
import { createStackFamily } from '#lib/model/stack/stack-family.ts'
import { createTreeFamily } from '#lib/model/trees/tree-family.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { buildDataset, type Dataset } from './dataset.ts'
import { itemSalesOf } from './item-sales.ts'
import type { TrainingProgress } from './progress.ts'
import { ruleFamilies } from './simple-rules.ts'
import type { TrainingSettings } from './training-settings.ts'

/**
 * How a model is made of sales, in two stages: an item model says what axies are worth beside the market; the market is folded under it,
 * so that every example knows what recent sales say beyond that; and a model learns from those examples.
 */
export type Recipe = Readonly<{
  featureSet: FeatureSet
  /** Null for a feature set that does without. */
  itemModel: Readonly<{ vector: ItemVector; settings: ItemEffectSettings }> | null
  family: ModelFamily
}>

export function recipeOf({ itemModel, members, trees, network }: TrainingSettings): Recipe {
  const known = [createTreeFamily(trees), createDenseFamily(network)]
  const families = members.map((kind) => {
    const family = known.find((one) => one.kind === kind)
    if (family !== undefined) return family
    throw new UsageError(`members: expected any of ${known.map(({ kind }) => kind).join(', ')}, found ${kind}`)
  })
  if (families.length === 0) throw new UsageError('members: expected at least one kind of model')
  // The rules are always among them: no model leaves training that is worse than the best of these on sales it had not seen.
  return {
    featureSet: axieAttributeFeatures,
    itemModel: { vector: itemVector, settings: itemModel },
    family: createStackFamily([...families, ...ruleFamilies()]),
  }
}

/** What a family is told of the rows it learns from. */
export const taskOf = ({ featureSet }: Recipe): Pick<TrainingTask, 'columns' | 'anchor'> => ({
  columns: inputColumnsOf(featureSet),
  anchor: featureSet.anchor,
})

/** The first stage: what axies are worth beside the market. Null of a feature set that does without, and of too few sales. */
export async function fitItemModel(
  events: readonly MarketEvent[],
  { itemModel }: Recipe,
  seed: number,
  onProgress: (progress: TrainingProgress) => void = () => {},
): Promise<ItemEffects | null> {
  if (itemModel === null) return null
  const { vector, settings } = itemModel
  return fitItemEffects(itemSalesOf(events, vector), settings, seed, (done, total) => onProgress({ stage: 'items', done, total }))
}

export type FoldOptions = Readonly<{
  /** Where the sales are that are learnt from, of the events that are folded. */
  learnt: readonly MarketEvent[]
  isExample?: (event: MarketEvent) => boolean
  onProgress?: (progress: TrainingProgress) => void
}>

/** The second: the market folded under that item model, or without. */
export function foldUnder(
  events: readonly MarketEvent[],
  { featureSet }: Recipe,
  itemEffects: ItemEffects | null,
  { learnt, isExample = () => true, onProgress = () => {} }: FoldOptions,
): Dataset {
  onProgress({ stage: 'features', done: 0, total: events.length })
  const examples = learnt.filter((event) => payloadOf(event).kind === 'Sale' && isExample(event))
  return buildDataset(events, featureSet, {
    itemModel: itemEffects,
    examplesFrom: examplesFrom(itemEffects, examples),
    isExample,
    onProgress: (done, total) => onProgress({ stage: 'features', done, total }),
  })
}

const fewestExamples = 2_000

/**
 * Before the first era there are no residuals, and its trees have learnt from little: sales before the second era, or at least before the
 * first, are history, where that leaves enough to learn from.
 */
function examplesFrom(itemEffects: ItemEffects | null, examples: readonly MarketEvent[]): number {
  const isEnough = (from: number): boolean => examples.filter(({ eventTime }) => eventTime >= from).length >= fewestExamples
  const [first, second] = itemEffects?.eras.map(({ from }) => from) ?? []
  return [second, first].find((from) => from !== undefined && isEnough(from)) ?? Number.NEGATIVE_INFINITY
}
