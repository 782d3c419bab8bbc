import { FatalError } from '#lib/stream/errors.ts'
import { reasonOf } from './http-probe.ts'
import { askKafka } from './kafka-probe.ts'
import { probeRegistry } from './registry-server.ts'
import { probeStore } from './store-server.ts'

/** Addresses to check; what is absent is not checked. */
export type Reachable = Readonly<{ brokers?: readonly string[]; registryUrl?: string; s3Endpoint?: string }>

const defaultTimeoutMillis = 5000
const retryMillis = 300

/**
 * Resolves when every address answers in its own protocol; of several brokers one is enough.
 * @param options.timeoutMillis how long a server that is just starting is waited for, in milliseconds
 * @throws FatalError that names each address that does not, the setting it came from, what was found there and what to do
 */
export async function checkReachable(addresses: Reachable, options: { timeoutMillis?: number } = {}): Promise<void> {
  const timeoutMillis = options.timeoutMillis ?? defaultTimeoutMillis
  const { brokers, registryUrl, s3Endpoint } = addresses
  const problems = await Promise.all([
    brokers && problemOf('KAFKA_BROKERS', 'a Kafka broker', brokers.join(','), timeoutMillis, (millis) => askAnyBroker(brokers, millis)),
    registryUrl &&
      problemOf('SCHEMA_REGISTRY_URL', 'a schema registry (Confluent API)', registryUrl, timeoutMillis, (millis) =>
        probeRegistry(registryUrl, millis),
      ),
    s3Endpoint && problemOf('S3_ENDPOINT', 'an S3 server', s3Endpoint, timeoutMillis, (millis) => probeStore(s3Endpoint, millis)),
  ])
  const found = problems.filter((problem) => typeof problem === 'string' && problem !== '')
  if (found.length > 0) {
    throw new FatalError(
      `${found.join('\n')}\nCorrect the address or start the server; without the setting, flipstream starts servers of its own.`,
    )
  }
}

/** Tries until the time is over; null when it answered. */
async function problemOf(
  setting: string,
  what: string,
  address: string,
  timeoutMillis: number,
  probe: (timeoutMillis: number) => Promise<unknown>,
): Promise<string | null> {
  const deadline = performance.now() + timeoutMillis
  for (;;) {
    try {
      await probe(deadline - performance.now())
      return null
    } catch (error) {
      if (performance.now() + retryMillis >= deadline) {
        return `${setting}: expected ${what} at ${address}, but ${reasonOf(error)}.`
      }
      await new Promise((resolve) => setTimeout(resolve, retryMillis))
    }
  }
}

async function askAnyBroker(brokers: readonly string[], timeoutMillis: number): Promise<void> {
  const attempts = await Promise.allSettled(brokers.map((broker) => askKafka(parseBroker(broker), timeoutMillis)))
  if (attempts.some(({ status }) => status === 'fulfilled')) return
  throw new Error(attempts.map((attempt) => reasonOf(attempt.status === 'rejected' ? attempt.reason : null)).join('; '))
}

function parseBroker(broker: string): { host: string; port: number } {
  const match = /^(?:[A-Z_]+:\/\/)?\[?([^[\]]+?)\]?:(\d+)$/.exec(broker)
  if (match === null) throw new Error(`"${broker}" is not host:port`)
  return { host: match[1]!, port: Number(match[2]) }
}
