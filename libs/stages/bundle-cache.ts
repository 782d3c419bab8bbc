import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { BundleError, readBundle, type SealedBundle } from '#lib/model/bundle/bundle.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'

/** Why a bundle cannot be used. */
export type BundleProblem = Readonly<{ code: BundleError['code']; message: string }>

export type CachedBundle<Value> = Readonly<{ value: Value }> | Readonly<{ problem: BundleProblem }>

/**
 * What is made of bundles, by the model's id. A bundle never changes under its id, so neither does what is known of it, except that a
 * missing one may still be published. At most `capacity` stay: the one least recently loaded or asked to be loaded goes first.
 */
export type BundleCache<Value> = Readonly<{
  /** Loads what is not here yet. RetryableError when the store is away; a bundle that cannot be used is remembered, not thrown. */
  load(modelId: string): Promise<CachedBundle<Value>>
  /** What was loaded; undefined for an id never asked for (or long ago). */
  get(modelId: string): CachedBundle<Value> | undefined
  /** Gives up what is too much, but never what is wanted. */
  trim(wanted: ReadonlySet<string>): void
}>

export type BundleCacheOptions<Value> = Readonly<{
  store: ObjectStore
  open(bundle: SealedBundle): Value
  /** When a value is given up. */
  dispose?: (value: Value) => void
  capacity: number
  clock?: Pick<Clock, 'monotonic'>
  onLoaded?: (modelId: string, loadMillis: number) => void
  onRefused?: (problem: BundleProblem) => void
}>

export function createBundleCache<Value>(options: BundleCacheOptions<Value>): BundleCache<Value> {
  const { store, open, dispose, capacity, clock = systemClock, onLoaded, onRefused } = options
  const entries = new Map<string, CachedBundle<Value>>()
  const loading = new Map<string, Promise<CachedBundle<Value>>>()

  const keep = (modelId: string, entry: CachedBundle<Value>): CachedBundle<Value> => {
    entries.delete(modelId)
    entries.set(modelId, entry)
    return entry
  }

  async function fetchEntry(modelId: string): Promise<CachedBundle<Value>> {
    const started = clock.monotonic()
    try {
      const entry = keep(modelId, { value: open(await readBundle(store, modelId)) })
      onLoaded?.(modelId, clock.monotonic() - started)
      return entry
    } catch (error) {
      if (!(error instanceof BundleError)) throw error
      const problem = { code: error.code, message: error.message }
      onRefused?.(problem)
      return keep(modelId, { problem })
    }
  }

  return {
    async load(modelId) {
      const entry = entries.get(modelId)
      if (entry !== undefined && !('problem' in entry && entry.problem.code === 'model_missing')) return keep(modelId, entry)
      const running = loading.get(modelId) ?? fetchEntry(modelId).finally(() => loading.delete(modelId))
      loading.set(modelId, running)
      return running
    },
    get: (modelId) => entries.get(modelId),
    trim(wanted) {
      for (const [modelId, entry] of entries) {
        if (entries.size <= capacity) return
        if (wanted.has(modelId)) continue
        entries.delete(modelId)
        if ('value' in entry) dispose?.(entry.value)
      }
    },
  }
}
