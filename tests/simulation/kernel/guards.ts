import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'

/** What a run of seeds itself needs of the real world, while nothing simulated may touch it. */
export type RealWorld = Readonly<{ nextTurn(): Promise<void>; millis(): number }>

/**
 * While `work` runs, time and chance of this machine throw for whoever asks: what a simulated process does may depend on its ports alone.
 * `new Date()` is refused by the conventions of the code, everywhere.
 */
export async function withoutTimeAndChance<T>(work: (real: RealWorld) => Promise<T>): Promise<T> {
  const now = performance.now.bind(performance)
  const turn = globalThis.setImmediate
  const real: RealWorld = { nextTurn: () => new Promise((resolve) => void turn(resolve)), millis: now }
  const restores = [
    forbid(globalThis, ['setTimeout', 'setInterval', 'setImmediate']),
    forbid(timers, ['setTimeout', 'setInterval', 'setImmediate']),
    forbid(timersPromises, ['setTimeout', 'setInterval', 'setImmediate']),
    forbid(crypto, ['randomUUID', 'randomBytes']),
    forbid(Date, ['now']),
    forbid(Math, ['random']),
    forbid(performance, ['now']),
  ]
  syncBuiltinESMExports()
  try {
    return await work(real)
  } finally {
    for (const restore of restores) restore()
    syncBuiltinESMExports()
  }
}

function forbid(owner: object, names: readonly string[]): () => void {
  const saved = names.map((name) => [name, Object.getOwnPropertyDescriptor(owner, name)] as const)
  for (const name of names) {
    const refuse = () => {
      throw new Error(`${name} of the real world was asked for in a simulation: take it from the Clock`)
    }
    Object.defineProperty(owner, name, { value: refuse, configurable: true, writable: true, enumerable: true })
  }
  return () => {
    for (const [name, descriptor] of saved) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, descriptor)
    }
  }
}
