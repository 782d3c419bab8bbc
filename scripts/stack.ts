/**
 * `npm run stack:up` and `npm run stack:down`: the servers that every start and every test of this checkout shares.
 * `status` ends with 0 where the local processes run.
 */

import { FatalError } from '#lib/errors/errors.ts'
import { createLocalStack } from '#lib/stack/local-stack.ts'
import { resolveStack, stackDirectory, stopStack } from '#lib/stack/resolve.ts'

const onProgress = (line: string) => console.error(line)
const command = process.argv[2]

async function up(): Promise<void> {
  const stack = await resolveStack({ env: process.env, onProgress, allowEmbedded: false })
  if (stack.kind === 'embedded') return
  console.log(`KAFKA_BROKERS=${stack.brokers.join(',')}`)
  console.log(`SCHEMA_REGISTRY_URL=${stack.registryUrl}`)
  console.log(`S3_ENDPOINT=${stack.s3.endpoint}`)
  console.log(`S3_REGION=${stack.s3.region}`)
  if (stack.kind === 'env') return
  console.log(`S3_ACCESS_KEY=${stack.s3.accessKey}`)
  console.log(`S3_SECRET_KEY=${stack.s3.secretKey}`)
}

async function down(): Promise<void> {
  const stopped = await stopStack({ env: process.env, onProgress })
  console.log(stopped.length === 0 ? 'nothing was running' : `stopped ${stopped.join(', ')}`)
}

async function status(): Promise<void> {
  const running = await createLocalStack({ directory: stackDirectory(), env: process.env, onProgress }).reuse()
  console.log(running === null ? 'the local stack does not run' : `the local stack runs: ${running.brokers[0]}`)
  process.exitCode = running === null ? 1 : 0
}

try {
  if (command === 'up') await up()
  else if (command === 'down') await down()
  else if (command === 'status') await status()
  else {
    console.error('usage: scripts/stack.ts up|down|status')
    process.exitCode = 2
  }
} catch (error) {
  console.error(error instanceof FatalError ? error.message : error)
  process.exitCode = 1
}
