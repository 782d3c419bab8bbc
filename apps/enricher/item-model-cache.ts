import { featureSetOf } from '#lib/features/feature-sets.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { ItemModel, ItemModels, PromotedModel } from '#lib/market/item-model.ts'
import { BundleError, openItemModel, readBundle } from '#lib/model/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { RejectedError, RetryableError } from '#lib/stream/errors.ts'
import type { MarketEvent } from '#schemas/types.ts'

/**
 * The item models that promotions bring, from the object store. The fold never waits: before a batch, `load` fetches what the batch
 * promotes, and what was in force where the state begins.
 *
 * A promotion whose bundle is missing, damaged, or reads other features than it says is refused: a dead letter, and the model before
 * stays. A model that was in force already and cannot be read any more is waited for: without it the state could not be what it was.
 */
export interface ItemModelCache extends ItemModels {
  /** A state begins with this model in force. */
  begin(model: PromotedModel | null): void
  /** Of a model that may be promoted: so that its promotion costs no latency. */
  preload(modelId: string): Promise<void>
  /** RetryableError while the store is away, or lacks the model in force. */
  load(events: readonly MarketEvent[]): Promise<void>
}

type Entry = Readonly<{ itemModel: ItemModel | null; featureSetHash: string }> | Readonly<{ problem: RejectedError }>

export type ItemModelCacheOptions = Readonly<{
  store: ObjectStore
  onLoaded?: (modelId: string) => void
  onRefused?: (problem: RejectedError) => void
}>

export function createItemModelCache({ store, onLoaded, onRefused }: ItemModelCacheOptions): ItemModelCache {
  const entries = new Map<string, Entry>()
  /** In force where a state begins, and not read yet. */
  const inForce = new Set<string>()

  async function fetchEntry(modelId: string): Promise<Entry> {
    try {
      const bundle = await readBundle(store, modelId)
      const entry = { itemModel: openItemModel(bundle), featureSetHash: bundle.manifest.featureSet.hash }
      onLoaded?.(modelId)
      return entry
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
      const problem = new RejectedError(error.code, error.message)
      onRefused?.(problem)
      return { problem }
    }
  }

  async function ensure(modelId: string): Promise<Entry> {
    const known = entries.get(modelId)
    // A missing bundle may still be published; all else about a bundle never changes.
    if (known !== undefined && !('problem' in known && known.problem.code === 'model_missing')) return known
    const entry = await fetchEntry(modelId)
    entries.set(modelId, entry)
    return entry
  }

  return {
    async preload(modelId) {
      await ensure(modelId)
    },
    begin: (model) => void (model !== null && inForce.add(model.modelId)),
    async load(events) {
      for (const modelId of inForce) {
        const entry = await ensure(modelId)
        if ('problem' in entry) throw new RetryableError(`${entry.problem.message}. It is in force, so the market waits for it`)
        inForce.delete(modelId)
      }
      for (const event of events) {
        const payload = payloadOf(event)
        if (payload.kind === 'ModelPromoted') await ensure(payload.value.modelId)
      }
    },
    of({ modelId, featureSetHash }) {
      const entry = entries.get(modelId)
      if (entry === undefined) throw new Error(`model ${modelId} was not loaded before the batch`)
      if ('problem' in entry) throw entry.problem
      if (featureSetHash !== null && featureSetHash !== entry.featureSetHash) {
        const found = `the promotion says ${featureSetHash}`
        throw new RejectedError('feature_set_mismatch', `model ${modelId} reads feature set ${entry.featureSetHash}, ${found}`)
      }
      if (featureSetOf(entry.featureSetHash) === undefined) {
        throw new RejectedError(
          'feature_set_unknown',
          `model ${modelId} reads feature set ${entry.featureSetHash}: this version has none such`,
        )
      }
      return entry.itemModel
    },
  }
}
