import { createHash } from 'node:crypto'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import type { MarketEvent } from '#schemas/types.ts'
import type { DatasetCache, FoldedSales } from './dataset-cache.ts'
import type { TrainingProgress } from './progress.ts'
import { fitItemModel, foldUnder, type Recipe } from './recipe.ts'
import type { TrainingSales } from './sales/training-sales.ts'
import { addTrainingCode } from './training-code.ts'

export type FoldSalesOptions = Readonly<{
  recipe: Recipe
  seed: number
  cache: DatasetCache | null
  onProgress: (progress: TrainingProgress) => void
}>

export type Folding = FoldedSales & Readonly<{ isCached: boolean; seconds: Readonly<{ items: number; features: number }> }>

/** Sales → an item model → the market folded under it: one example a sale. Or what these sales under this code became before. */
export async function foldSales(sales: TrainingSales, { recipe, seed, cache, onProgress }: FoldSalesOptions): Promise<Folding> {
  const started = performance.now()
  const since = (from: number): number => (performance.now() - from) / 1_000
  const key = cache === null ? '' : keyOf(sales, recipe, seed)
  const cached = (await cache?.read(key)) ?? null
  if (cached !== null) return { ...cached, isCached: true, seconds: { items: 0, features: since(started) } }
  const { events, historyOnly } = sales
  const itemEffects = await fitItemModel(events, recipe, seed, onProgress)
  const items = since(started)
  const fitted = performance.now()
  const isExample = ({ eventId }: MarketEvent): boolean => !historyOnly.has(eventId)
  const dataset = foldUnder(events, recipe, itemEffects, { learnt: events, isExample, onProgress })
  const features = since(fitted)
  await cache?.write(key, { itemEffects, dataset })
  return { itemEffects, dataset, isCached: false, seconds: { items, features } }
}

function keyOf({ dataset }: TrainingSales, { featureSet, itemModel }: Recipe, seed: number): string {
  const hash = createHash('sha256')
  addTrainingCode(hash)
  const items = itemModel === null ? null : { vector: itemModel.vector.hash, settings: itemModel.settings }
  return hash.update(canonicalJson({ dataset: dataset.id, featureSet: featureSet.hash, itemModel: items, seed })).digest('hex')
}
