/**
 * The servers of the local stack, by the versions that everything is tested with. pom.xml, docker-compose.kafka.yml and the tests'
 * containers use the same (a test compares them).
 */
export const versions = {
  kafka: '4.1.1',
  log4j: '2.25.1',
  registry: '3.0.9',
  /** S3Proxy: the local process. */
  store: '4.0.0',
} as const

export const images = {
  kafka: `apache/kafka:${versions.kafka}`,
  registry: `apicurio/apicurio-registry:${versions.registry}`,
  store: 'versity/versitygw:v1.8.0',
} as const

/** Where the servers listen on 127.0.0.1 unless something else is there already. */
export const preferredPorts = { broker: 9092, controller: 9093, registry: 8081, store: 9000 } as const

/** Credentials of servers that only this machine can reach; a shared store has its own (S3_ACCESS_KEY, S3_SECRET_KEY). */
export const localCredentials = { accessKey: 'flipstream', secretKey: 'flipstream-local' } as const

/** A leaderboard is the largest honest record; topics allow 8 MiB (libs/market/topics.ts), the broker a little more. */
export const maxMessageBytes = 10 * 1024 * 1024
