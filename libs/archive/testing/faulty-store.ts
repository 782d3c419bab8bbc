import { RetryableError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'

/** For tests: what happens to one call of the store. `lost answer`: it took effect, and the caller was told it failed. */
export type StoreFault = 'none' | 'fails' | 'lost answer'

/** A store in trouble: `next` is asked at each call. */
export function createFaultyStore(store: ObjectStore, next: () => StoreFault): ObjectStore {
  const attempt = async <Value>(operation: () => Promise<Value>): Promise<Value> => {
    const fault = next()
    if (fault === 'fails') throw new RetryableError('injected: the store is away')
    const answer = await operation()
    if (fault === 'lost answer') throw new RetryableError('injected: the answer got lost')
    return answer
  }
  return {
    ...store,
    putIfAbsent: (key, bytes, options) => attempt(() => store.putIfAbsent(key, bytes, options)),
    get: (key) => attempt(() => store.get(key)),
    stat: (key) => attempt(() => store.stat(key)),
    async *list(prefix) {
      yield* await attempt(async () => {
        const entries = []
        for await (const entry of store.list(prefix)) entries.push(entry)
        return entries
      })
    },
  }
}
