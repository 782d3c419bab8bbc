import { realpathSync } from 'node:fs'
import { FatalError } from '#lib/errors/errors.ts'
import { acquireLock, LockHeldError } from '../../bin/lock.mjs'
import type { Run } from './runs.ts'

/** One process at a time plays a run: its logs, and on the real market its place, have one writer. Resolves with what gives it back. */
export async function lockRun({ name, directory }: Pick<Run, 'name' | 'directory'>): Promise<() => Promise<void>> {
  try {
    return await acquireLock(`run ${realpathSync(directory)}`, { timeoutMillis: 0 })
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error
    const who = error.holder === null ? 'another process' : `process ${error.holder}`
    const stop = error.holder === null ? 'stop it' : `stop it (kill ${error.holder})`
    throw new FatalError(`run ${name} is being played by ${who}, and only one at a time may: ${stop}, or look on with npx flipstream watch`)
  }
}
