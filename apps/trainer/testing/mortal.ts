import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Consumer, Log } from '#lib/stream/log.ts'

/** What befalls a process at one of its calls of a port: it is killed before it, having done all calls before; or the call fails. */
export type Blow = Readonly<{ call: number; kind: 'killed' | 'fails' }>

/** Log and store as a process has them that is killed at one of its calls: nothing it calls from then on happens, or answers. */
export function createMortal(log: Log, store: ObjectStore, blow: Blow | null) {
  const died = Promise.withResolvers<void>()
  const never = new Promise<never>(() => {})
  const calls: string[] = []
  const consumers: Consumer[] = []
  let isDead = false
  const die = (): Promise<never> => {
    isDead = true
    died.resolve()
    return never
  }

  async function call<Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> {
    if (isDead) return never
    const kind = blow?.call === calls.push(name) - 1 ? blow.kind : null
    if (kind === 'fails') throw new Error(`planted at ${name}`)
    if (kind === 'killed') return die()
    const answer = await work()
    return isDead ? never : answer
  }

  /** An object all of whose methods are asked for an answer that is waited for. */
  const guarded = <Port extends object>(what: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, name) => {
        const method = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        if (name === 'list') return method.bind(target)
        return (...argv: unknown[]) => call(`${what}.${String(name)}`, () => method.apply(target, argv))
      },
    })

  return {
    calls,
    died: died.promise,
    store: guarded('store', store),
    log: {
      ...log,
      consumer(options) {
        const consumer = log.consumer(options)
        consumers.push(consumer)
        return consumer
      },
      producer: () => guarded('producer', log.producer()),
      admin: () => guarded('admin', log.admin()),
      follow: (...argv) => call('log.follow', () => log.follow(...argv)),
    } satisfies Log,
    /** What the servers do once they hear no more of it. */
    async expel(): Promise<void> {
      await Promise.all(consumers.map((consumer) => consumer.stop()))
    },
  }
}
