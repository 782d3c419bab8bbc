import { createHash } from 'node:crypto'
import { assertObjectKey, type ObjectStore, proveCreateOnly } from './object-store.ts'

/** Objects in this process's memory: for tests and backtests. */
export function createMemoryStore(): ObjectStore {
  const objects = new Map<string, Buffer>()
  const store: ObjectStore = {
    async putIfAbsent(key, bytes) {
      assertObjectKey(key)
      if (objects.has(key)) return 'exists'
      objects.set(key, Buffer.from(bytes))
      return 'created'
    },
    async get(key) {
      const bytes = objects.get(key)
      return bytes === undefined ? null : Buffer.from(bytes)
    },
    async stat(key) {
      const bytes = objects.get(key)
      return bytes === undefined ? null : { size: bytes.length, etag: createHash('sha256').update(bytes).digest('hex') }
    },
    async *list(prefix) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
      for (const key of keys) yield { key, size: objects.get(key)?.length ?? 0 }
    },
    async remove(key) {
      objects.delete(key)
    },
    probe: () => proveCreateOnly(store, 'the memory store'),
  }
  return store
}
