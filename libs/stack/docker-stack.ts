import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { acquireLock } from '../../bin/lock.mjs'
import { localAddresses, type StackAddresses, type StackPorts } from './addresses.ts'
import { choosePorts } from './ports.ts'
import { checkReachable } from './reachable.ts'
import { requireCompatibility } from './registry-server.ts'
import { createStateWriter, readState } from './state-file.ts'
import { type Env, onPath, type Progress } from './tools.ts'
import { preferredPorts } from './versions.ts'

const composeFile = fileURLToPath(new URL('../../docker-compose.kafka.yml', import.meta.url))
const services = ['kafka', 'registry', 'store']
const engineMillis = 3000
const upSeconds = 300
const readyMillis = 60_000

export type DockerStackOptions = Readonly<{
  /** Holds the state file; two directories are two projects of Docker Compose. */
  directory: string
  env: Env
  onProgress: Progress
}>

/** The three servers as containers of docker-compose.kafka.yml. */
export interface DockerStack {
  /** Whether an engine answers and Docker Compose is there to use it. */
  isAvailable(): Promise<boolean>
  /** The addresses where the containers run and answer; null where not. */
  reuse(): Promise<StackAddresses | null>
  /** Rejects where Docker cannot (no image to be had, say); then nothing of it is left. */
  start(): Promise<StackAddresses>
  /** Removes the containers that this checkout started, keeps their volumes. False where there were none. */
  stop(): Promise<boolean>
}

export function createDockerStack(options: DockerStackOptions): DockerStack {
  const { directory, env, onProgress } = options
  const stateFile = join(directory, 'state.json')
  const writeState = createStateWriter(stateFile)
  const compose = composeCommand(directory, env)
  return {
    isAvailable: () => hasEngine(env),
    async reuse() {
      const { docker } = await readState(stateFile)
      if (docker === undefined) return null
      const running = (await compose.output(['ps', '--services', '--status', 'running'], docker).catch(() => '')).split('\n')
      if (!services.every((service) => running.includes(service))) return null
      const addresses = localAddresses(docker)
      return (await answers(addresses, 1000)) ? addresses : null
    },
    async start() {
      const release = await acquireLock(`stack ${directory}`, { onWait: () => onProgress('waiting for another flipstream …') })
      try {
        const state = await readState(stateFile)
        const ports = await portsOf(state.docker, compose)
        await writeState({ ...state, docker: ports })
        return await startContainers(compose, ports, onProgress).catch(async (error) => {
          await compose.output(['down'], ports).catch(() => {})
          await writeState({ ...state, docker: undefined })
          throw error
        })
      } finally {
        await release()
      }
    },
    async stop() {
      const { docker } = await readState(stateFile)
      if (docker === undefined) return false
      await compose.output(['down'], docker)
      await writeState({ ...(await readState(stateFile)), docker: undefined })
      return true
    },
  }
}

async function startContainers(compose: Compose, ports: StackPorts, onProgress: Progress): Promise<StackAddresses> {
  const addresses = localAddresses(ports)
  await compose.up(ports, onProgress)
  await checkReachable(reachable(addresses), { timeoutMillis: readyMillis })
  await requireCompatibility(addresses.registryUrl)
  return addresses
}

/** Containers that run keep their ports; new ones get the usual ports where these are free. */
async function portsOf(known: StackPorts | undefined, compose: Compose): Promise<StackPorts> {
  if (known !== undefined) {
    const running = await compose.output(['ps', '--services', '--status', 'running'], known)
    if (running.trim() !== '') return known
  }
  const { broker, registry, store } = known ?? preferredPorts
  const chosen = await choosePorts({ broker, registry, store })
  return { broker: chosen['broker']!, registry: chosen['registry']!, store: chosen['store']! }
}

const reachable = ({ brokers, registryUrl, s3 }: StackAddresses) => ({ brokers, registryUrl, s3Endpoint: s3.endpoint })

const answers = (addresses: StackAddresses, timeoutMillis: number): Promise<boolean> =>
  checkReachable(reachable(addresses), { timeoutMillis }).then(
    () => true,
    () => false,
  )

async function hasEngine(env: Env): Promise<boolean> {
  if (onPath(env, 'docker').length === 0) return false
  const run = (args: string[]) => promisify(execFile)('docker', args, { env: { ...env }, timeout: engineMillis })
  try {
    await run(['version', '--format', '{{.Server.Version}}'])
    await run(['compose', 'version'])
    return true
  } catch {
    return false
  }
}

type Compose = Readonly<{
  output(args: readonly string[], ports: StackPorts): Promise<string>
  up(ports: StackPorts, onProgress: Progress): Promise<void>
}>

function composeCommand(directory: string, env: Env): Compose {
  const project = `flipstream-${createHash('sha256').update(directory).digest('hex').slice(0, 8)}`
  const common = ['compose', '--project-name', project, '--file', composeFile]
  const environment = (ports: StackPorts) => ({
    ...env,
    FLIPSTREAM_KAFKA_PORT: String(ports.broker),
    FLIPSTREAM_REGISTRY_PORT: String(ports.registry),
    FLIPSTREAM_STORE_PORT: String(ports.store),
  })
  return {
    async output(args, ports) {
      const { stdout } = await promisify(execFile)('docker', [...common, ...args], { env: environment(ports) })
      return stdout
    },
    async up(ports, onProgress) {
      onProgress('starting Kafka, registry and object store with Docker Compose …')
      const args = [...common, '--progress', 'plain', 'up', '--detach', '--wait', '--wait-timeout', String(upSeconds)]
      const child = spawn('docker', args, { env: environment(ports), stdio: ['ignore', 'ignore', 'pipe'] })
      createInterface({ input: child.stderr }).on('line', (line) => onProgress(`  docker: ${line.trim()}`))
      const code = await new Promise<number>((resolve) => {
        child.on('error', () => resolve(1))
        child.on('close', (exitCode) => resolve(exitCode ?? 1))
      })
      if (code !== 0) throw new Error(`docker compose up ended with ${code}; see its lines above`)
    },
  }
}
