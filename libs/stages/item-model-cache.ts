import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { ItemModel, ItemModels, PromotedModel } from '#lib/market/item-model.ts'
import { BundleError, openItemModel, readBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { MarketEvent } from '#schemas/types.ts'

/**
 * The item models that promotions bring, from the object store. The fold never waits: before a batch, `load` fetches what the batch
 * promotes, and what was in force where the state begins.
 *
 * A promotion whose bundle is missing, damaged, or reads other features than it says is refused: a dead letter, and the model before
 * stays. A model that was in force already and cannot be read any more is waited for: without it the state could not be what it was.
 *
 * At most `capacity` stay, beside those that a state or a batch is about to ask for: the one least recently loaded goes first. A state
 * holds the item model it has asked for, and a restore loads again what it folds across.
 */
export interface ItemModelCache extends ItemModels {
  /** A state begins with this model in force, and the one before is given up. */
  begin(model: PromotedModel | null): void
  /** Loads a model that may be promoted, so that its promotion costs no latency. */
  preload(modelId: string): Promise<void>
  /** Loads models that may be asked for together; no more than `capacity`. */
  preloadAll(models: readonly PromotedModel[]): Promise<void>
  /** RetryableError while the store is away, or lacks the model in force. */
  load(events: readonly MarketEvent[]): Promise<void>
}

type Entry = Readonly<{ itemModel: ItemModel | null; featureSetHash: string }> | Readonly<{ problem: RejectedError }>

export type ItemModelCacheOptions = Readonly<{
  store: ObjectStore
  onLoaded?: (modelId: string) => void
  onRefused?: (problem: RejectedError) => void
  /** Default 4: the model in force, the one before, and what may be promoted next. */
  capacity?: number
}>

export function createItemModelCache({ store, onLoaded, onRefused, capacity = 4 }: ItemModelCacheOptions): ItemModelCache {
  const entries = new Map<string, Entry>()
  /** In force where the newest state begins, and not asked for yet: its first sale or listing will. A market has one state at a time. */
  let inForce: string | null = null

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
    const isFinal = known !== undefined && !('problem' in known && known.problem.code === 'model_missing')
    const entry = isFinal ? known : await fetchEntry(modelId)
    entries.delete(modelId)
    entries.set(modelId, entry)
    return entry
  }

  function forgetAllBut(wanted: ReadonlySet<string>): void {
    for (const modelId of entries.keys()) {
      if (entries.size <= capacity) return
      if (!wanted.has(modelId) && modelId !== inForce) entries.delete(modelId)
    }
  }

  return {
    async preload(modelId) {
      await ensure(modelId)
      forgetAllBut(new Set([modelId]))
    },
    async preloadAll(models) {
      for (const { modelId } of models) await ensure(modelId)
      forgetAllBut(new Set(models.map(({ modelId }) => modelId)))
    },
    begin(model) {
      inForce = model?.modelId ?? null
    },
    async load(events) {
      if (inForce !== null) {
        const entry = await ensure(inForce)
        if ('problem' in entry) throw new RetryableError(`${entry.problem.message}. It is in force, so the market waits for it`)
      }
      const payloads = events.map(payloadOf)
      const promoted = new Set(payloads.flatMap((payload) => (isPromotion(payload) ? [payload.value.modelId] : [])))
      for (const modelId of promoted) await ensure(modelId)
      forgetAllBut(promoted)
    },
    get({ modelId, featureSetHash }) {
      const entry = entries.get(modelId)
      if (modelId === inForce) inForce = null
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
