import { setTimeout as delay } from 'node:timers/promises'
import { FatalError } from '#lib/errors/errors.ts'
import { reasonOf } from './http-probe.ts'
import { askKafka } from './kafka-probe.ts'
import { probeRegistry } from './registry-server.ts'
import { probeStore } from './store-server.ts'

/** Addresses to check; what is absent is not checked. */
export type Reachable = Readonly<{ brokers?: readonly string[]; registryUrl?: string; s3Endpoint?: string }>

/** One server that a setting names. The probe resolves when it answers in its own protocol. */
type Target = Readonly<{ setting: string; expected: string; address: string; probe(timeoutMillis: number): Promise<unknown> }>

const defaultTimeoutMillis = 5000
const retryMillis = 300

/**
 * Resolves when every address answers in its own protocol; of several brokers one is enough.
 * @param options.timeoutMillis how long a server that is just starting is waited for, in milliseconds; 5 s by default
 * @throws FatalError that names each address that does not, the setting it came from, what was found there and what to do
 */
export async function checkReachable(addresses: Reachable, options: { timeoutMillis?: number } = {}): Promise<void> {
  const found = await findUnreachable(addresses, options.timeoutMillis ?? defaultTimeoutMillis)
  if (found.length === 0) return
  throw new FatalError(
    `${found.join('\n')}\nCorrect the address or start the server; without the setting, flipstream starts servers of its own.`,
  )
}

/** A sentence for each address that does not answer in its own protocol within that time. */
export async function findUnreachable(addresses: Reachable, timeoutMillis: number): Promise<string[]> {
  const problems = await Promise.all(targetsOf(addresses).map((target) => problemOf(target, timeoutMillis)))
  return problems.filter((problem) => problem !== null)
}

function targetsOf({ brokers, registryUrl, s3Endpoint }: Reachable): Target[] {
  const targets: Target[] = []
  if (brokers !== undefined) {
    const parsed = brokers.map(parseBroker)
    const probe = (timeoutMillis: number) => askAnyBroker(parsed, timeoutMillis)
    targets.push({ setting: 'KAFKA_BROKERS', expected: 'a Kafka broker', address: brokers.join(','), probe })
  }
  if (registryUrl !== undefined) {
    const probe = (timeoutMillis: number) => probeRegistry(registryUrl, timeoutMillis)
    targets.push({ setting: 'SCHEMA_REGISTRY_URL', expected: 'a schema registry (Confluent API)', address: registryUrl, probe })
  }
  if (s3Endpoint !== undefined) {
    const probe = (timeoutMillis: number) => probeStore(s3Endpoint, timeoutMillis)
    targets.push({ setting: 'S3_ENDPOINT', expected: 'an S3 server', address: s3Endpoint, probe })
  }
  return targets
}

/** Tries until the time is over; null when it answered. */
async function problemOf({ setting, expected, address, probe }: Target, timeoutMillis: number): Promise<string | null> {
  const deadline = performance.now() + timeoutMillis
  for (;;) {
    try {
      await probe(deadline - performance.now())
      return null
    } catch (error) {
      if (performance.now() + retryMillis >= deadline) return `${setting}: expected ${expected} at ${address}, but ${reasonOf(error)}.`
      await delay(retryMillis)
    }
  }
}

type Broker = Readonly<{ host: string; port: number }>

async function askAnyBroker(brokers: readonly Broker[], timeoutMillis: number): Promise<void> {
  const attempts = await Promise.allSettled(brokers.map((broker) => askKafka(broker, timeoutMillis)))
  const reasons = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [reasonOf(attempt.reason)] : []))
  if (reasons.length === brokers.length) throw new Error(reasons.join('; '))
}

function parseBroker(broker: string): Broker {
  const match = /^\[?([^[\]/]+?)\]?:(\d{1,5})$/.exec(broker)
  if (match === null) throw new FatalError(`KAFKA_BROKERS: expected host:port, or several separated by commas, found "${broker}".`)
  return { host: match[1]!, port: Number(match[2]) }
}
