import { openBundle } from '#lib/model/bundle/bundle.ts'
import { type BundleCacheOptions, createBundleCache } from './bundle-cache.ts'
import type { UnusableModel, UsableModel } from './scorer.ts'

/** Models on this process's tfjs backend, by id (bundle-cache.ts). */
export type ModelCache = Readonly<{
  /** Loads what is not here yet. RetryableError when the store is away; a bundle that cannot be used is remembered, not thrown. */
  load(modelIds: Iterable<string>): Promise<void>
  /** What was loaded; undefined for an id never asked for (or long ago). */
  get(modelId: string): UsableModel | UnusableModel | undefined
}>

/** `capacity` must hold every model that one batch names. */
export type ModelCacheOptions = Omit<BundleCacheOptions<UsableModel>, 'open' | 'dispose'>

export function createModelCache(options: ModelCacheOptions): ModelCache {
  const bundles = createBundleCache<UsableModel & Readonly<{ dispose(): void }>>({
    ...options,
    open(bundle) {
      const { featureSet, source, trainedUntil } = bundle.manifest
      return { ...openBundle(bundle), featureSetHash: featureSet.hash, trainedUntil, source }
    },
    dispose: (model) => model.dispose(),
  })
  return {
    async load(modelIds) {
      const wanted = new Set(modelIds)
      await Promise.all([...wanted].map(bundles.load))
      bundles.trim(wanted)
    },
    get: (modelId) => {
      const entry = bundles.get(modelId)
      return entry === undefined || 'value' in entry ? entry?.value : entry.problem
    },
  }
}
