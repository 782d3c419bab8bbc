import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { isPromotion, payloadOf } from '#lib/market/event.ts'
import type { ItemModel, ItemModels, PromotedModel } from '#lib/market/item-model.ts'
import { openItemModel } from '#lib/model/bundle/bundle.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { type BundleCacheOptions, createBundleCache } from './bundle-cache.ts'

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

type Opened = Readonly<{ itemModel: ItemModel | null; featureSetHash: string }>

/** `capacity`: by default 4, the model in force, the one before, and what may be promoted next. */
export type ItemModelCacheOptions = Pick<BundleCacheOptions<Opened>, 'store' | 'clock' | 'onLoaded' | 'onRefused'> &
  Readonly<{ capacity?: number }>

export function createItemModelCache({ capacity = 4, ...options }: ItemModelCacheOptions): ItemModelCache {
  const bundles = createBundleCache<Opened>({
    ...options,
    capacity,
    open: (bundle) => ({ itemModel: openItemModel(bundle), featureSetHash: bundle.manifest.featureSet.hash }),
  })
  /** In force where the newest state begins, and not asked for yet: its first sale or listing will. A market has one state at a time. */
  let inForce: string | null = null

  async function loadAll(modelIds: ReadonlySet<string>): Promise<void> {
    for (const modelId of modelIds) await bundles.load(modelId)
    bundles.trim(inForce === null ? modelIds : new Set([...modelIds, inForce]))
  }

  return {
    preload: (modelId) => loadAll(new Set([modelId])),
    preloadAll: (models) => loadAll(new Set(models.map(({ modelId }) => modelId))),
    begin(model) {
      inForce = model?.modelId ?? null
    },
    async load(events) {
      if (inForce !== null) {
        const entry = await bundles.load(inForce)
        if ('problem' in entry) throw new RetryableError(`${entry.problem.message}. It is in force, so the market waits for it`)
      }
      const payloads = events.map(payloadOf)
      await loadAll(new Set(payloads.flatMap((payload) => (isPromotion(payload) ? [payload.value.modelId] : []))))
    },
    get({ modelId, featureSetHash }) {
      const entry = bundles.get(modelId)
      if (modelId === inForce) inForce = null
      if (entry === undefined) throw new Error(`model ${modelId} was not loaded before the batch`)
      if ('problem' in entry) throw new RejectedError(entry.problem.code, entry.problem.message)
      const { value } = entry
      if (featureSetHash !== null && featureSetHash !== value.featureSetHash) {
        const found = `the promotion says ${featureSetHash}`
        throw new RejectedError('feature_set_mismatch', `model ${modelId} reads feature set ${value.featureSetHash}, ${found}`)
      }
      if (featureSetOf(value.featureSetHash) === undefined) {
        throw new RejectedError(
          'feature_set_unknown',
          `model ${modelId} reads feature set ${value.featureSetHash}: this version has none such`,
        )
      }
      return value.itemModel
    },
  }
}
