import type { Ports } from './server.ts'
import { localHost } from './server.ts'
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
