import { FatalError } from '#lib/errors/errors.ts'
import type { Ports } from './server.ts'
import { localHost } from './server.ts'
import type { Env } from './tools.ts'
import { localCredentials } from './versions.ts'

export type S3Settings = Readonly<{ endpoint: string; region: string; accessKey: string; secretKey: string }>

/** Where the three servers are. `brokers` are `host:port`, `registryUrl` is the root of the Confluent API. */
export type StackAddresses = Readonly<{ brokers: readonly string[]; registryUrl: string; s3: S3Settings }>

export type StackPorts = Readonly<{ broker: number; registry: number; store: number }>

/** The addresses of servers on this machine, local processes and containers alike. */
export const localAddresses = (ports: StackPorts): StackAddresses => ({
  brokers: [`${localHost}:${ports.broker}`],
  registryUrl: `http://${localHost}:${ports.registry}/apis/ccompat/v7`,
  s3: { endpoint: `http://${localHost}:${ports.store}`, region: 'us-east-1', ...localCredentials },
})

export const stackPorts = (ports: Readonly<Record<'kafka' | 'registry' | 'store', Ports>>): StackPorts => ({
  broker: ports.kafka['broker']!,
  registry: ports.registry['http']!,
  store: ports.store['http']!,
})

/** The variables that `addressesFromEnvironment` reads, for a process that is to find the same servers. */
export const environmentOf = ({ brokers, registryUrl, s3 }: StackAddresses): Record<string, string> => ({
  KAFKA_BROKERS: brokers.join(','),
  SCHEMA_REGISTRY_URL: registryUrl,
  S3_ENDPOINT: s3.endpoint,
  S3_REGION: s3.region,
  S3_ACCESS_KEY: s3.accessKey,
  S3_SECRET_KEY: s3.secretKey,
})

/** What the environment sets; each of the three may be absent. */
export type GivenAddresses = Readonly<{ brokers?: readonly string[]; registryUrl?: string; s3?: S3Settings }>

/**
 * KAFKA_BROKERS, SCHEMA_REGISTRY_URL, and S3_ENDPOINT with S3_REGION, S3_ACCESS_KEY and S3_SECRET_KEY.
 * @throws FatalError where an S3 server is set without its keys
 */
export function addressesFromEnvironment(env: Env): GivenAddresses {
  const value = (name: string) => (env[name]?.trim() === '' ? undefined : env[name]?.trim())
  const brokers = value('KAFKA_BROKERS')
  const registryUrl = value('SCHEMA_REGISTRY_URL')?.replace(/\/$/, '')
  const endpoint = value('S3_ENDPOINT')
  const accessKey = value('S3_ACCESS_KEY')
  const secretKey = value('S3_SECRET_KEY')
  if (endpoint !== undefined && (accessKey === undefined || secretKey === undefined)) {
    throw new FatalError(`S3_ENDPOINT is set to ${endpoint}, but S3_ACCESS_KEY and S3_SECRET_KEY are not: set all three.`)
  }
  return {
    ...(brokers !== undefined && { brokers: brokers.split(',').map((broker) => broker.trim()) }),
    ...(registryUrl !== undefined && { registryUrl }),
    ...(endpoint !== undefined && {
      s3: { endpoint, region: value('S3_REGION') ?? 'us-east-1', accessKey: accessKey!, secretKey: secretKey! },
    }),
  }
}
