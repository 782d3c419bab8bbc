import { setTimeout } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { randomId, systemClock } from '#lib/clock/clock.ts'
import { addressesFromEnvironment, type S3Settings, type StackAddresses } from '#lib/stack/addresses.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { checkReachable } from '#lib/stack/reachable.ts'
import { stackDirectory } from '#lib/stack/resolve.ts'
import { removeLeftovers, removeSession } from './cleanup.ts'
import { startContainers } from './containers.ts'
import { removeOrphans } from './private-servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `host:port` of Kafka's brokers. */
    brokers: string[]
    /** Root of the registry's Confluent API. */
    registryUrl: string
    s3: S3Settings
    /** Begins the names of whatever this session of tests creates; see run-prefix.ts. */
    session: string
  }
}

/**
 * The servers of the integration and system tests, in this order: addresses from the environment; containers where a Docker engine
 * answers; the local processes that `npm start` uses too, which stay for the next session. Where nothing of this can be had, the
 * session fails with what to install: a test of real servers is never skipped.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const { addresses, stop } = await findServers()
  const session = `test-${timeName(systemClock.now())}-${randomId().slice(0, 4)}`
  project.provide('brokers', [...addresses.brokers])
  project.provide('registryUrl', addresses.registryUrl)
  project.provide('s3', addresses.s3)
  project.provide('session', session)
  await removeOrphans()
  await removeLeftovers(addresses, systemClock.now())
  return async () => {
    await endsInTime(removeSession(addresses, session).then(stop))
  }
}

/** Vitest waits for this for ever, after all results are told. What is not removed in time is left to a later session (`removeLeftovers`). */
async function endsInTime(cleaning: Promise<void>): Promise<void> {
  const late = Symbol('late')
  const result = await Promise.race([cleaning, setTimeout(cleanUpMillis, late, { ref: false })])
  if (result === late) throw new Error(`the clean-up of the tests' topics and buckets did not end within ${cleanUpMillis / 1000} s`)
}

const cleanUpMillis = 60_000
const timeName = (millis: number) => new Date(millis).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '').toLowerCase()
const onProgress = (line: string) => console.error(`servers: ${line}`)

type Servers = Readonly<{ addresses: StackAddresses; stop(): Promise<void> }>

async function findServers(): Promise<Servers> {
  const given = addressesFromEnvironment(process.env)
  await checkReachable({ ...given, ...(given.s3 && { s3Endpoint: given.s3.endpoint }) })
  const { brokers, registryUrl, s3 } = given
  if (brokers && registryUrl && s3) return { addresses: { brokers, registryUrl, s3 }, stop: async () => {} }
  const own = (await startContainers(onProgress).catch(withoutContainers)) ?? (await startLocally())
  return { ...own, addresses: { ...own.addresses, ...given } }
}

function withoutContainers(error: unknown): null {
  onProgress(`the containers do not start (${(error as Error).message}): local processes take their place`)
  return null
}

async function startLocally(): Promise<Servers> {
  const stack = createLocalStack({ directory: stackDirectory(), env: process.env, onProgress })
  return { addresses: (await stack.reuse()) ?? (await stack.start()), stop: async () => {} }
}
