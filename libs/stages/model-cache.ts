import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { BundleError, openBundle, readBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { UnusableModel, UsableModel } from './scorer.ts'

/**
 * Models on this process's tfjs backend, by id. At most `capacity` stay: the one least recently asked for goes first.
 * A bundle never changes under its id, so neither does what is known of it, except that a missing one may still be published.
 */
export type ModelCache = Readonly<{
  /** Loads what is not here yet. RetryableError when the store is away; a bundle that cannot be used is remembered, not thrown. */
  load(modelIds: Iterable<string>): Promise<void>
  /** What was loaded; undefined for an id never asked for (or long ago). */
  get(modelId: string): UsableModel | UnusableModel | undefined
}>

type Entry = Readonly<{ model: UsableModel; dispose(): void }> | Readonly<{ problem: UnusableModel }>

export type ModelCacheOptions = Readonly<{
  store: ObjectStore
  clock?: Pick<Clock, 'monotonic'>
  /** Must hold every model that one batch names. */
  capacity: number
  onLoaded?: (modelId: string, loadMillis: number) => void
  onRefused?: (problem: UnusableModel) => void
}>

export function createModelCache({ store, clock = systemClock, capacity, onLoaded, onRefused }: ModelCacheOptions): ModelCache {
  const entries = new Map<string, Entry>()
  const loading = new Map<string, Promise<void>>()

  const keep = (modelId: string, entry: Entry): void => {
    entries.delete(modelId)
    entries.set(modelId, entry)
  }

  const fetchModel = async (modelId: string): Promise<void> => {
    const started = clock.monotonic()
    try {
      const bundle = await readBundle(store, modelId)
      const { featureSet, source, trainedUntil } = bundle.manifest
      const model = openBundle(bundle)
      keep(modelId, {
        model: { ...model, featureSetHash: featureSet.hash, trainedUntil, source },
        dispose: model.dispose,
      })
      onLoaded?.(modelId, clock.monotonic() - started)
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
      const problem = { code: error.code, message: error.message }
      keep(modelId, { problem })
      onRefused?.(problem)
    }
  }

  const ensure = (modelId: string): Promise<void> | undefined => {
    const entry = entries.get(modelId)
    if (entry !== undefined && !('problem' in entry && entry.problem.code === 'model_missing')) {
      keep(modelId, entry)
      return undefined
    }
    const running = loading.get(modelId) ?? fetchModel(modelId).finally(() => loading.delete(modelId))
    loading.set(modelId, running)
    return running
  }

  const evict = (wanted: ReadonlySet<string>): void => {
    for (const [modelId, entry] of entries) {
      if (entries.size <= capacity) return
      if (wanted.has(modelId)) continue
      entries.delete(modelId)
      if ('dispose' in entry) entry.dispose()
    }
  }

  return {
    async load(modelIds) {
      const wanted = new Set(modelIds)
      await Promise.all([...wanted].map(ensure))
      evict(wanted)
    },
    get: (modelId) => {
      const entry = entries.get(modelId)
      return entry === undefined || 'model' in entry ? entry?.model : entry.problem
    },
  }
}
