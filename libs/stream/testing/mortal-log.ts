import type { Consumer, Log } from '#lib/stream/log.ts'

/**
 * A view of a log, for tests, as a process has it that can be killed: from then on nothing it does reaches the log, and nothing it waits
 * for ever comes. What it did before stays: an open transaction open, a commit committed.
 */
export function createMortalLog(log: Log): { log: Log; kill(): void; consumers: readonly Consumer[] } {
  let alive = true
  const consumers: Consumer[] = []
  const never = new Promise<never>(() => {})

  const mortal = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, property) {
        const member = Reflect.get(object, property)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          if (!alive) return property === 'lag' ? [] : never
          const result = member.apply(object, args.map(mortalCallback))
          return result instanceof Promise
            ? result.then(
                (value) => (alive ? value : never),
                (error) => (alive ? Promise.reject(error) : never),
              )
            : result
        }
      },
    })
  const mortalCallback = (argument: unknown) =>
    typeof argument === 'function' ? (...args: unknown[]) => (alive ? argument(...args) : never) : argument

  return {
    log: {
      ...log,
      consumer(options) {
        const consumer = log.consumer(options)
        consumers.push(consumer)
        return mortal(consumer)
      },
      transactionalProducer: (id) => mortal(log.transactionalProducer(id)),
      producer: () => mortal(log.producer()),
      admin: () => mortal(log.admin()),
      follow: (topics, onRecords, followOptions) => log.follow(topics, mortalCallback(onRecords) as typeof onRecords, followOptions),
    },
    kill: () => {
      alive = false
    },
    consumers,
  }
}
