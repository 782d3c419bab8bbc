import { existsSync } from 'node:fs'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FatalError } from '#lib/errors/errors.ts'
import { isAlive, type ProcessIdentity, spawnDetached } from './processes.ts'
import { javaLocale, type ServerDefinition, type ServerPlace } from './server.ts'
import type { Env } from './tools.ts'

export type ServerRun = Readonly<{
  definition: ServerDefinition
  place: ServerPlace
  logFile: string
  /** An argument that tells this server's process from all others (findByArgument), should every note of it be lost. */
  marker: string
  env: Env
}>

/** The server ended before it served. `portTaken`: somebody else has its port, another one may do. */
export class ServerExitedError extends FatalError {
  readonly portTaken: boolean
  constructor(message: string, portTaken: boolean) {
    super(message)
    this.portTaken = portTaken
  }
}

const probeMillis = 1000
const pollMillis = 100

/** Starts the process and returns at once; `untilReady` waits. */
export async function spawnServer({ definition, place, logFile, marker, env }: ServerRun): Promise<ProcessIdentity> {
  await mkdir(dirname(logFile), { recursive: true })
  await definition.prepare(place)
  await keepPreviousLog(logFile)
  const command = definition.command(place)
  const options = { env: { ...env, ...javaLocale, ...command.env }, logFile, directory: place.directory }
  return spawnDetached(place.java, [markerArgument(marker), ...command.args], options)
}

export const markerArgument = (marker: string): string => `-Dflipstream.stack=${encodeURI(marker)}`

/** Resolves when the server serves and knows what it must know. Throws when its process ends, or does not serve in time. */
export async function untilReady(run: ServerRun, identity: ProcessIdentity, timeoutMillis: number): Promise<void> {
  const { definition, place } = run
  const deadline = performance.now() + timeoutMillis
  for (;;) {
    const problem = await attempt(() => definition.probe(place, probeMillis))
    // In this order: another server may answer on the port that ours failed to get.
    if (!isAlive(identity)) throw await exitedError(run)
    if (problem === null) break
    if (performance.now() > deadline) {
      throw new FatalError(
        `${definition.title} does not serve after ${Math.round(timeoutMillis / 1000)} s: ${problem}\n${await lastLines(run.logFile)}`,
      )
    }
    await delay(pollMillis)
  }
  await definition.afterReady(place)
}

async function attempt(action: () => Promise<void>): Promise<string | null> {
  try {
    await action()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

async function exitedError({ definition, place, logFile }: ServerRun): Promise<ServerExitedError> {
  const log = await lastLines(logFile)
  const portTaken = /in use|BindException|already bound/i.test(log)
  const where = Object.values(place.ports).join(', ')
  return new ServerExitedError(`${definition.title} (port ${where}) ended while starting. The end of ${logFile}:\n${log}`, portTaken)
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.trimEnd().split('\n').slice(-30)
  // A stack trace's frames tell users nothing; its message does.
  return lines.filter((line) => !/^\s+at /.test(line)).join('\n')
}

/** A log holds one life of its server, so that its end tells why that one ended. */
async function keepPreviousLog(file: string): Promise<void> {
  if (existsSync(file)) await rename(file, `${file}.previous`)
}
