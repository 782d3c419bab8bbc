import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { acquireLock } from '../../bin/lock.mjs'
import { localAddresses, type StackAddresses, stackPorts } from './addresses.ts'
import { artifactsDirectory, fetchArtifacts, removeOtherArtifacts } from './artifacts.ts'
import { requireDiskSpace } from './disk-space.ts'
import { kafkaServer } from './kafka-server.ts'
import { type LocalServer, localServer } from './local-servers.ts'
import { choosePorts } from './ports.ts'
import { findByArgument, isAlive, stopProcess } from './processes.ts'
import { registryServer } from './registry-server.ts'
import type { Ports, ServerDefinition, ServerName } from './server.ts'
import { markerArgument, ServerExitedError, type ServerRun, spawnServer, untilReady } from './server-process.ts'
import { createStateWriter, readState, type ServerState, type StackState } from './state-file.ts'
import { storeServer } from './store-server.ts'
import { type Env, type Progress, requireTools } from './tools.ts'

export const serverDefinitions: readonly ServerDefinition[] = [kafkaServer, registryServer, storeServer]

export type LocalStackOptions = Readonly<{
  /** Everything of this stack is below it: servers, data, logs, state. Two directories are two stacks. */
  directory: string
  env: Env
  onProgress: Progress
}>

/** Kafka, registry and object store as processes of this machine, which live on after us. */
export interface LocalStack {
  /** The addresses where all servers run and answer; null where any does not. Takes no lock and starts nothing. */
  reuse(): Promise<StackAddresses | null>
  /** Starts what does not run. Several callers at once start it once. */
  start(): Promise<StackAddresses>
  /** What it takes to run one of the servers elsewhere (tests that kill it): fetched, not started. */
  prepare(): Promise<{ java: string; artifacts: string }>
  /** Whether Maven has brought the servers already. */
  isFetched(): Promise<boolean>
  /** The servers as the last start left them, whether they still run or not. */
  servers(): Promise<readonly LocalServer[]>
  /** Stops what runs and resolves when it is gone: the titles of what was stopped. */
  stop(): Promise<string[]>
}

const readyMillis = 120_000
const adoptMillis = 30_000
const reuseProbeMillis = 1000
const stopMillis = 20_000
const startAttempts = 3

export function createLocalStack(options: LocalStackOptions): LocalStack {
  const { directory, onProgress } = options
  const stateFile = join(directory, 'state.json')
  const writeState = createStateWriter(stateFile)
  const withLock = <T>(action: () => Promise<T>): Promise<T> =>
    inTurn(directory, async () => {
      const onWait = () => onProgress('waiting for another flipstream that starts or stops the local stack …')
      const release = await acquireLock(`stack ${directory}`, { onWait })
      try {
        return await action()
      } finally {
        await release()
      }
    })
  return {
    reuse: async () => reuseRunning(await readState(stateFile), directory),
    start: () =>
      withLock(async () => {
        const state = await readState(stateFile)
        return (await reuseRunning(state, directory)) ?? startMissing(options, state, writeState)
      }),
    prepare: () => withLock(() => prepareTools(options)),
    isFetched: async () => existsSync(await artifactsDirectory(directory)),
    async servers() {
      const state = await readState(stateFile)
      return serverDefinitions.flatMap((definition) => localServer(directory, definition, state) ?? [])
    },
    stop: () => withLock(() => stopAll(options)),
  }
}

/** What this process does with a directory, one thing after the other: it need not wait for its own lock, and say that it does. */
const turns = new Map<string, Promise<unknown>>()
function inTurn<T>(directory: string, action: () => Promise<T>): Promise<T> {
  const own = (turns.get(directory) ?? Promise.resolve()).then(action)
  turns.set(
    directory,
    own.catch(() => {}),
  )
  return own
}

async function reuseRunning(state: StackState, directory: string): Promise<StackAddresses | null> {
  const { kafka, registry, store } = state.servers
  if (kafka === undefined || registry === undefined || store === undefined) return null
  if (state.artifacts !== (await artifactsDirectory(directory))) return null
  const servers: Record<ServerName, ServerState> = { kafka, registry, store }
  try {
    await Promise.all(
      serverDefinitions.map(async ({ name, probe }) => {
        const server = servers[name]
        if (!server.ready || !isAlive(server)) throw new Error(`${name} does not run`)
        await probe({ ports: server.ports, directory: serverDirectory(directory, name) }, reuseProbeMillis)
      }),
    )
  } catch {
    return null
  }
  return localAddresses(stackPorts({ kafka: kafka.ports, registry: registry.ports, store: store.ports }))
}

async function startMissing(options: LocalStackOptions, state: StackState, write: (state: StackState) => Promise<void>) {
  const { directory, env, onProgress } = options
  const tools = await prepareTools(options)
  if (state.artifacts !== tools.artifacts) {
    // Servers of other versions may run.
    await stopAll(options)
    await removeOtherArtifacts(directory)
    state.artifacts = tools.artifacts
  }
  const record = async (name: ServerName, server: ServerState) => {
    state.servers[name] = server
    await write(state)
  }
  // One checkout of this machine at a time: a port found free must be so still when its server takes it.
  const releasePorts = await acquireLock('local stack ports', { onWait: () => onProgress('waiting for another local stack to start …') })
  try {
    const started = serverDefinitions.map(async (definition) => {
      const place = { ...tools, directory: serverDirectory(directory, definition.name) }
      const run = (ports: Ports): ServerRun => ({
        definition,
        place: { ...place, ports },
        logFile: join(directory, 'logs', `${definition.name}.log`),
        marker: markerOf(directory, definition.name),
        env,
      })
      const ports = await adoptOrStart(state.servers[definition.name], run, onProgress, (server) => record(definition.name, server))
      return [definition.name, ports] as const
    })
    // Also after a failure: nothing may be on its way still when the next one gets the locks.
    await Promise.allSettled(started)
    return localAddresses(stackPorts(Object.fromEntries(await Promise.all(started)) as Record<ServerName, Ports>))
  } finally {
    await releasePorts()
  }
}

/** The Java to run servers with, and the servers themselves, after installing and fetching what is missing. Call it under the lock. */
async function prepareTools({ directory, env, onProgress }: LocalStackOptions): Promise<{ java: string; artifacts: string }> {
  await requireDiskSpace(directory)
  const artifacts = await artifactsDirectory(directory)
  const { java, maven } = await requireTools(env, { maven: !existsSync(artifacts) }, onProgress)
  if (maven !== null) await fetchArtifacts(directory, { maven, java, env, onProgress })
  return { java, artifacts }
}

const serverDirectory = (directory: string, name: ServerName) => join(directory, 'data', name)
const markerOf = (directory: string, name: ServerName) => `${directory}#${name}`

/** A server whose starter was killed may be on its way still: wait for it. Else end whatever is left of it and start anew. */
async function adoptOrStart(
  known: ServerState | undefined,
  run: (ports: Ports) => ServerRun,
  onProgress: Progress,
  record: (server: ServerState) => Promise<void>,
): Promise<Ports> {
  if (known !== undefined && isAlive(known)) {
    try {
      await untilReady(run(known.ports), known, adoptMillis)
      await record({ ...known, ready: true })
      return known.ports
    } catch (error) {
      onProgress(`a server left by an earlier start does not serve and is replaced (${(error as Error).message.split('\n')[0]})`)
    }
  }
  const { definition, marker } = run({})
  await Promise.all(findByArgument((argument) => argument === markerArgument(marker)).map((left) => stopProcess(left, stopMillis)))
  return startAnew({ ...definition.preferredPorts, ...known?.ports }, run, onProgress, record)
}

async function startAnew(
  wanted: Ports,
  run: (ports: Ports) => ServerRun,
  onProgress: Progress,
  record: (server: ServerState) => Promise<void>,
): Promise<Ports> {
  let from = wanted
  for (let attempt = 1; ; attempt++) {
    const ports = await choosePorts(from)
    const server = run(ports)
    const started = performance.now()
    const { title } = server.definition
    const port = Object.values(ports)[0]
    const wantedPort = Object.values(wanted)[0]
    onProgress(`starting ${title} on 127.0.0.1:${port}${port === wantedPort ? '' : ` (port ${wantedPort} is taken)`} …`)
    try {
      const identity = await spawnServer(server)
      await record({ ...identity, ports, ready: false })
      await untilReady(server, identity, readyMillis)
      await record({ ...identity, ports, ready: true })
      onProgress(`${title} serves after ${((performance.now() - started) / 1000).toFixed(1)} s`)
      return ports
    } catch (error) {
      if (!(error instanceof ServerExitedError && error.portTaken && attempt < startAttempts)) throw error
      onProgress(`${title}: port ${port} was taken in the meantime, trying another`)
      from = Object.fromEntries(Object.entries(ports).map(([name, taken]) => [name, taken + 1]))
    }
  }
}

/**
 * Goes by the processes' own arguments, not by the state file, which may be lost. That file stays: the next start prefers its ports,
 * so that whoever remembers an address finds its server there.
 */
async function stopAll({ directory }: LocalStackOptions): Promise<string[]> {
  const stopped = await Promise.all(
    serverDefinitions.map(async ({ name, title }) => {
      const marker = markerArgument(markerOf(directory, name))
      const processes = findByArgument((argument) => argument === marker)
      await Promise.all(processes.map((process) => stopProcess(process, stopMillis)))
      return processes.length > 0 ? [title] : []
    }),
  )
  return stopped.flat()
}
