import { createHash } from 'node:crypto'
import { assertObjectKey, type ObjectStore, proveCreateOnly } from '#lib/objectstore/object-store.ts'
import type { Actor, Scheduler } from '../kernel/scheduler.ts'

export type Objects = Map<string, Buffer>

/** One bucket, as a process reaches it over the network: an answer may be lost, and a put may arrive long after it was given up. */
export function createSimulatedStore(scheduler: Scheduler, objects: Objects, actor: Actor): ObjectStore {
  const ask = <T>(label: string, args: unknown, answer: () => T): Promise<T> =>
    scheduler.call<T>(actor, label, args, ({ give }) => give(answer()))

  const store: ObjectStore = {
    putIfAbsent(key, bytes) {
      assertObjectKey(key)
      return ask(`puts ${key}`, bytes.length, () => {
        if (objects.has(key)) return 'exists' as const
        objects.set(key, Buffer.from(bytes))
        return 'created' as const
      })
    },
    get: (key) => ask(`gets ${key}`, undefined, () => objects.get(key) ?? null),
    stat: (key) =>
      ask(`asks about ${key}`, undefined, () => {
        const bytes = objects.get(key)
        return bytes === undefined ? null : { size: bytes.length, etag: createHash('sha256').update(bytes).digest('hex') }
      }),
    async *list(prefix) {
      yield* await ask(`lists ${prefix}`, undefined, () =>
        [...objects]
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, bytes]) => ({ key, size: bytes.length }))
          .sort((a, b) => (a.key < b.key ? -1 : 1)),
      )
    },
    remove: (key) => ask(`removes ${key}`, undefined, () => void objects.delete(key)),
    probe: () => proveCreateOnly(store, 'the simulated store'),
  }
  return store
}
