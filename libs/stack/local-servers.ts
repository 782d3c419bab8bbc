import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, killProcess, type ProcessIdentity } from './processes.ts'
import type { ServerDefinition } from './server.ts'
import type { StackState } from './state-file.ts'

/** A server of the local stack at work, for whoever watches over it. */
export type LocalServer = Readonly<{
  title: string
  logFile: string
  isAlive(): boolean
  /** Rejects where it does not serve. */
  probe(timeoutMillis: number): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
  /** The lines that name a problem, among what it wrote last. */
  lastProblem(): string | null
}>

/** One server as the state file describes it; null where that knows of none. */
export function localServer(directory: string, { name, title, probe }: ServerDefinition, state: StackState): LocalServer | null {
  const known = state.servers[name]
  if (known === undefined) return null
  const identity: ProcessIdentity = known
  const logFile = join(directory, 'logs', `${name}.log`)
  return {
    title,
    logFile,
    isAlive: () => isAlive(identity),
    probe: (timeoutMillis) => probe({ ports: known.ports, directory: join(directory, 'data', name) }, timeoutMillis),
    kill: () => killProcess(identity),
    lastProblem: () => lastProblem(logFile),
  }
}

const problem = /No space left|ENOSPC|OutOfMemory|Too many open files|\b(?:ERROR|FATAL)\b/

function lastProblem(logFile: string): string | null {
  try {
    const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-200)
    return lines.findLast((line) => problem.test(line) && !/^\s+at /.test(line))?.slice(0, 300) ?? null
  } catch {
    return null
  }
}
