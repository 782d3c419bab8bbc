import { axieResidualFeatures } from '#lib/features/axie-v2.ts'
import { type FeatureSet, inputColumnsOf } from '#lib/features/feature-set.ts'
import { fitItemEffects, type ItemEffectSettings, type ItemEffects } from '#lib/model/item-effects.ts'
import type { ModelFamily, TrainingTask } from '#lib/model/model-family.ts'
import { createTreeFamily } from '#lib/model/tree-family.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { buildDataset, type Dataset } from './dataset.ts'
import { itemSalesOf } from './item-sales.ts'
import type { TrainingProgress } from './progress.ts'
import type { TrainingSettings } from './training-settings.ts'

/**
 * How a model is made of sales, in two stages: an item model says what axies are worth beside the market; the market is folded under it,
 * so that every example knows what recent sales say beyond that; and a model learns from those examples.
 */
export type Recipe = Readonly<{
  featureSet: FeatureSet
  /** Null of a feature set that does without. */
  itemModel: ItemEffectSettings | null
  family: ModelFamily
}>

export const recipeOf = ({ trees, itemModel }: TrainingSettings): Recipe => ({
  featureSet: axieResidualFeatures,
  itemModel,
  family: createTreeFamily(trees),
})

/** What a family is told of the rows it learns from. */
export const taskOf = ({ featureSet }: Recipe): Pick<TrainingTask, 'columns' | 'anchor'> => ({
  columns: inputColumnsOf(featureSet),
  anchor: featureSet.anchor,
})

export type ExamplesOptions = Readonly<{
  seed: number
  /** The item model learns from sales before it only, milliseconds. Default: from all. */
  learnUntil?: number
  isExample?: (event: MarketEvent) => boolean
  onProgress?: (progress: TrainingProgress) => void
}>

export type FoldedExamples = Readonly<{
  itemEffects: ItemEffects | null
  dataset: Dataset
  seconds: Readonly<{ items: number; features: number }>
}>

/** The first stage: the item model, and the market folded under it. With too few sales for an item model, it is folded without. */
export async function foldExamples(
  events: readonly MarketEvent[],
  { featureSet, itemModel: settings }: Recipe,
  { seed, learnUntil = Number.POSITIVE_INFINITY, isExample, onProgress = () => {} }: ExamplesOptions,
): Promise<FoldedExamples> {
  const started = performance.now()
  const learnt = events.filter(({ eventTime }) => eventTime < learnUntil)
  const itemEffects =
    settings === null
      ? null
      : await fitItemEffects(itemSalesOf(learnt), settings, seed, (done, total) => onProgress({ stage: 'items', done, total }))
  const fitted = performance.now()
  onProgress({ stage: 'features', done: 0, total: events.length })
  const dataset = buildDataset(events, featureSet, {
    itemModel: itemEffects,
    examplesFrom: examplesFrom(itemEffects, learnt),
    ...(isExample === undefined ? {} : { isExample }),
    onProgress: (done, total) => onProgress({ stage: 'features', done, total }),
  })
  return { itemEffects, dataset, seconds: { items: (fitted - started) / 1_000, features: (performance.now() - fitted) / 1_000 } }
}

const fewestExamples = 2_000

/**
 * Before the first era there are no residuals, and its trees have learnt from little: sales before the second era, or at least before the
 * first, are history, where that leaves enough to learn from.
 */
function examplesFrom(itemEffects: ItemEffects | null, learnt: readonly MarketEvent[]): number {
  const isEnough = (from: number): boolean => learnt.filter(({ eventTime }) => eventTime >= from).length >= fewestExamples
  const [first, second] = itemEffects?.eras.map(({ from }) => from) ?? []
  return [second, first].find((from) => from !== undefined && isEnough(from)) ?? Number.NEGATIVE_INFINITY
}
