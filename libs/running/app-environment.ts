import type { Stack } from '#lib/stack/resolve.ts'
import { localBucket } from './backend.ts'

/** The whole environment of every app: ours, and where the servers are. */
export function appEnvironment(env: Readonly<Record<string, string | undefined>>, stack: Stack, prefix: string): Record<string, string> {
  const inherited = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const own = { ...inherited, PREFIX: prefix, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' }
  if (stack.kind === 'embedded') return own
  const { endpoint, region, accessKey, secretKey } = stack.s3
  return {
    ...own,
    KAFKA_BROKERS: stack.brokers.join(','),
    SCHEMA_REGISTRY_URL: stack.registryUrl,
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    S3_BUCKET: stack.bucket ?? localBucket,
  }
}
