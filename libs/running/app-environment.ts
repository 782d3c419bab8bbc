import { environmentOf } from '#lib/stack/addresses.ts'
import type { Stack } from '#lib/stack/resolve.ts'
import { localBucket } from './backend.ts'

/** The whole environment of every app: ours, and where the servers are. */
export function appEnvironment(env: Readonly<Record<string, string | undefined>>, stack: Stack, prefix: string): Record<string, string> {
  const inherited = Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined))
  const own = { ...inherited, PREFIX: prefix, HTTP_HOST: '127.0.0.1', HTTP_PORT: '0' }
  if (stack.kind === 'embedded') return own
  return { ...own, ...environmentOf(stack), S3_BUCKET: stack.bucket ?? localBucket }
}
