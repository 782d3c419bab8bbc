import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { freemem } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#lib/clock/clock.ts'
import { readSpentBook, spentWords } from '#lib/marketplace/spent-book.ts'
import { openBackend } from '#lib/running/backend.ts'
import { findRunMetrics } from '#lib/running/run-metrics.ts'
import { listRuns } from '#lib/running/runs.ts'
import { addressesFromEnvironment } from '#lib/stack/addresses.ts'
import { freeBytes, neededBytes } from '#lib/stack/disk-space.ts'
import { createDockerStack } from '#lib/stack/docker-stack.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { checkReachable, type Reachable } from '#lib/stack/reachable.ts'
import { checkoutRoot, resolveStack, stackDirectory } from '#lib/stack/resolve.ts'
import { canInstall, type Env, findChromium, findJava, findMaven, installCommand, javaVersion, onPath } from '#lib/stack/tools.ts'
import { isSupportedNode } from '../../../bin/launch.mjs'

/** What there is on this machine, without a judgement. Nothing is started, installed or changed to find out. */
export type Facts = Readonly<{
  node: Readonly<{ version: string; path: string; isSupported: boolean }>
  packages: Readonly<{ areCurrent: boolean }>
  /** Servers named by the environment, and why one does not answer. */
  settings: readonly Readonly<{ name: string; value: string; problem: string | null }>[]
  servers: Readonly<{
    /** Where they are; null while they do not run. */ running: string | null /** False where all are set. */
    bringsOwn: boolean
  }>
  /** Runs that are played now, and where their metrics are. */
  runs: readonly Readonly<{ run: string; url: string }>[]
  tools: Readonly<{
    java: Readonly<{ path: string; version: number }> | null
    maven: string | null
    areFetched: boolean
    canInstall: boolean
    installCommand: string
    chromiumCommand: string
  }>
  docker: Readonly<{ cli: boolean; engine: boolean }>
  disk: Readonly<{ freeBytes: number; neededBytes: number; directory: string }>
  memory: Readonly<{ availableBytes: number }>
  tensorflow: Readonly<{ isNative: boolean }>
  chromium: string | null
  hasApiKey: boolean
  /** What those who share the key were told, of the live run of this checkout, or of PREFIX; null where no log answers. */
  spent: readonly string[] | null
}>

const reachMillis = 3000

export async function gatherFacts(env: Env): Promise<Facts> {
  const directory = stackDirectory()
  const quiet = { directory, env, onProgress: () => {} }
  const local = createLocalStack(quiet)
  const [settings, running, runs, java, maven, areFetched, engine, free, chromium] = await Promise.all([
    settingFacts(env),
    local.reuse(),
    findRunMetrics(checkoutRoot),
    findJava(env),
    findMaven(env),
    local.isFetched(),
    createDockerStack(quiet).isAvailable(),
    freeBytes(directory),
    findChromium(env),
  ])
  return {
    node: { version: process.versions.node, path: process.execPath, isSupported: isSupportedNode(process.versions.node) },
    packages: { areCurrent: arePackagesCurrent() },
    settings,
    servers: {
      running:
        running === null ? null : `Kafka ${running.brokers.join(',')}, registry ${running.registryUrl}, store ${running.s3.endpoint}`,
      bringsOwn: settings.length < 3,
    },
    runs,
    tools: {
      java: java === null ? null : { path: java, version: (await javaVersion(java)) ?? 0 },
      maven,
      areFetched,
      canInstall: canInstall(env),
      installCommand: installCommand(['default-jre-headless', 'maven']),
      chromiumCommand: installCommand(['chromium']),
    },
    docker: { cli: onPath(env, 'docker').length > 0, engine },
    disk: { freeBytes: free, neededBytes, directory: checkoutRoot },
    memory: { availableBytes: freemem() },
    tensorflow: { isNative: isInstalled('@tensorflow/tfjs-node') },
    chromium,
    hasApiKey: (env['AXIE_API_KEY'] ?? '') !== '',
    spent: settings.every(({ problem }) => problem === null) && (running !== null || settings.length === 3) ? await spentFacts(env) : null,
  }
}

async function spentFacts(env: Env): Promise<Facts['spent']> {
  const live = listRuns(checkoutRoot).findLast(({ source }) => source === 'live')
  const prefix = env['PREFIX'] ?? (live === undefined ? null : `${live.name}.`)
  if (prefix === null) return []
  const stack = await resolveStack({ env, onProgress: () => {}, allowEmbedded: false })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}doctor` })
  try {
    const book = await Promise.race([readSpentBook({ ...backend, prefix, clock: systemClock }), systemClock.sleep(reachMillis)])
    return book === undefined ? null : book.holding().map(spentWords)
  } catch {
    // A run from before there was such a topic, or one whose topics are gone.
    return null
  } finally {
    await backend.close()
  }
}

async function settingFacts(env: Env): Promise<Facts['settings']> {
  const given = await addressesOrProblem(env)
  if ('problem' in given) return [{ name: 'S3_ENDPOINT', value: '', problem: given.problem }]
  const settings: [name: string, value: string, address: Reachable][] = []
  if (given.brokers) settings.push(['KAFKA_BROKERS', given.brokers.join(','), { brokers: given.brokers }])
  if (given.registryUrl) settings.push(['SCHEMA_REGISTRY_URL', given.registryUrl, { registryUrl: given.registryUrl }])
  if (given.s3) settings.push(['S3_ENDPOINT', given.s3.endpoint, { s3Endpoint: given.s3.endpoint }])
  return Promise.all(
    settings.map(async ([name, value, address]) => ({
      name,
      value,
      problem: await checkReachable(address, { timeoutMillis: reachMillis }).then(
        () => null,
        (error) => firstLine(error).replace(`${name}: `, ''),
      ),
    })),
  )
}

async function addressesOrProblem(env: Env) {
  try {
    return addressesFromEnvironment(env)
  } catch (error) {
    return { problem: firstLine(error) }
  }
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0]!

/** As scripts/install.mjs notes it. */
function arePackagesCurrent(): boolean {
  try {
    const lock = createHash('sha256')
      .update(readFileSync(join(checkoutRoot, 'package-lock.json')))
      .digest('hex')
    return readFileSync(join(checkoutRoot, 'node_modules', '.flipstream-stamp'), 'utf8').startsWith(lock)
  } catch {
    return false
  }
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}
