import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomId } from '#lib/clock/clock.ts'
import { createLocalStack, serverDefinitions } from '#lib/stack/local-stack.ts'
import { freePort } from '#lib/stack/ports.ts'
import { findByArgument, identify, isAlive, killProcess, type ProcessIdentity, stopProcess } from '#lib/stack/processes.ts'
import { registryUrl } from '#lib/stack/registry-server.ts'
import { checkoutRoot, stackDirectory } from '#lib/stack/resolve.ts'
import { localHost, type Ports, type ServerDefinition, type ServerName } from '#lib/stack/server.ts'
import { markerArgument, type ServerRun, spawnServer, untilReady } from '#lib/stack/server-process.ts'
import { storeEndpoint } from '#lib/stack/store-server.ts'

/** A server of this test alone, with data and ports of its own, to be killed and restarted at will. */
export interface PrivateServer {
  /** `host:port` of a broker, the URL of a registry (Confluent API) or of a store. The same after every start. */
  readonly address: string
  readonly ports: Ports
  readonly directory: string
  /** SIGKILL: gone at once, with whatever it had not written. */
  kill(): Promise<void>
  /** SIGTERM: resolves when it has ended in order. */
  stop(): Promise<void>
  /** After `kill` or `stop`: resolves when it serves again, with the data it had. */
  start(): Promise<void>
  /** SIGSTOP and SIGCONT: a server that is there, but does not answer. */
  freeze(): void
  thaw(): void
  /** Ends it and removes its data. */
  dispose(): Promise<void>
}

const directoryOfAll = join(checkoutRoot, '.flipstream', 'tests')
const markerPrefix = `${directoryOfAll}#`
const readyMillis = 180_000
const stopMillis = 20_000

const addressOf: Readonly<Record<ServerName, (ports: Ports) => string>> = {
  kafka: (ports) => `${localHost}:${ports['broker']}`,
  registry: registryUrl,
  store: storeEndpoint,
}

/**
 * Starts a server from the files of the local stack (fetched where need be): always a process of this machine, Docker or not.
 * `chosen`: ports that others were told of already; the rest are found here.
 */
export async function startPrivateServer(server: ServerName | ServerDefinition, chosen: Ports = {}): Promise<PrivateServer> {
  const definition = typeof server === 'string' ? serverDefinitions.find(({ name }) => name === server)! : server
  const { name } = definition
  const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress: (line) => console.error(`servers: ${line}`) })
  const tools = await stack.prepare()
  const id = `${process.pid}-${name}-${randomId().slice(0, 8)}`
  const directory = join(directoryOfAll, id)
  await mkdir(directory, { recursive: true })
  const ports: Record<string, number> = {}
  for (const port of Object.keys(definition.preferredPorts)) ports[port] = chosen[port] ?? (await freePort())
  const run: ServerRun = {
    definition,
    place: { ...tools, directory, ports },
    logFile: join(directory, `${name}.log`),
    marker: `${markerPrefix}${id}`,
    env: process.env,
  }
  let identity = await launch(run)
  return {
    address: addressOf[name](ports),
    ports,
    directory,
    kill: () => killProcess(identity),
    stop: () => stopProcess(identity, stopMillis),
    async start() {
      if (!isAlive(identity)) identity = await launch(run)
    },
    freeze: () => process.kill(identity.pid, 'SIGSTOP'),
    thaw: () => process.kill(identity.pid, 'SIGCONT'),
    async dispose() {
      await killProcess(identity)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function launch(run: ServerRun): Promise<ProcessIdentity> {
  const identity = await spawnServer(run)
  await untilReady(run, identity, readyMillis)
  return identity
}

/** Removes the private servers of tests that were killed before they could. Those of sessions that run beside this one stay. */
export async function removeOrphans(): Promise<void> {
  const isOrphan = (id: string) => identify(Number.parseInt(id, 10)) === null
  const prefix = markerArgument(markerPrefix)
  const processes = findByArgument((argument) => argument.startsWith(prefix) && isOrphan(argument.slice(prefix.length)))
  await Promise.all(processes.map(killProcess))
  const directories = (await readdir(directoryOfAll).catch(() => [])).filter(isOrphan)
  await Promise.all(directories.map((id) => rm(join(directoryOfAll, id), { recursive: true, force: true })))
}
