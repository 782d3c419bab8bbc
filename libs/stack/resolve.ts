import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type KafkaSecurity, kafkaSecurityOf } from '#lib/app/kafka-security.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { addressesFromEnvironment, type StackAddresses } from './addresses.ts'
import { requireDiskSpace } from './disk-space.ts'
import { createDockerStack } from './docker-stack.ts'
import { reasonOf } from './http-probe.ts'
import { createLocalStack } from './local-stack.ts'
import { checkReachable } from './reachable.ts'
import { canHaveTools, type Env, type Progress } from './tools.ts'

/** `embedded`: no servers; the caller uses the memory log and the file-system store, and says so. */
export type Stack =
  | (Readonly<{
      kind: 'env' | 'docker' | 'local'
      /** Where the environment says so, for servers that are not ours: TLS and login of the log, and another bucket than the usual. */
      security?: KafkaSecurity
      bucket?: string
    }> &
      StackAddresses)
  | Readonly<{ kind: 'embedded' }>

export type StackOptions = Readonly<{
  /** The environment; of it KAFKA_BROKERS, SCHEMA_REGISTRY_URL and S3_* decide. */
  env: Env
  /** Gets a line of text per step: what, how long, how big. Nothing where there is nothing to do. */
  onProgress: Progress
  /** Whether to go without servers where there can be none. Tests never allow it. */
  allowEmbedded: boolean
  /** The checkout whose `.flipstream/stack` holds servers, data and state. Default: this one. */
  root?: string
}>

export const checkoutRoot: string = fileURLToPath(new URL('../..', import.meta.url))
export const stackDirectory = (root: string = checkoutRoot): string => join(root, '.flipstream', 'stack')

/**
 * Finds or starts the servers, in this order: addresses set in the environment; those that run already; Docker Compose where an engine
 * answers; processes of this machine; nothing (`embedded`), where allowed. An address that is set always wins, also for one server alone.
 * @throws FatalError with what was expected, what was found and what to do
 */
export async function resolveStack(options: StackOptions): Promise<Stack> {
  const given = addressesFromEnvironment(options.env)
  const { brokers, registryUrl, s3 } = given
  const security = kafkaSecurityOf(options.env)
  await checkReachable({
    // A broker that wants TLS or a login closes the connection on our simple question: the log's own client will tell.
    ...(brokers && Object.keys(security).length === 0 && { brokers }),
    ...(registryUrl && { registryUrl }),
    ...(s3 && { s3Endpoint: s3.endpoint }),
  })
  const bucket = options.env['S3_BUCKET']
  if (brokers && registryUrl && s3) return { kind: 'env', brokers, registryUrl, s3, security, ...(bucket && { bucket }) }
  const own = await ownStack(options)
  if (own.kind !== 'embedded') return { ...own, ...given }
  if (brokers || registryUrl || s3) {
    throw new FatalError(
      'Some of KAFKA_BROKERS, SCHEMA_REGISTRY_URL and S3_ENDPOINT are set: set all three, or install what the others need (npx flipstream doctor).',
    )
  }
  return own
}

/** Stops the servers that this checkout started. Resolves with the names of what was stopped. */
export async function stopStack(options: Pick<StackOptions, 'env' | 'onProgress' | 'root'>): Promise<string[]> {
  const directory = stackDirectory(options.root)
  const { env, onProgress } = options
  const docker = createDockerStack({ directory, env, onProgress })
  const stoppedContainers = (await docker.stop()) ? ['the containers of docker-compose.kafka.yml'] : []
  return [...stoppedContainers, ...(await createLocalStack({ directory, env, onProgress }).stop())]
}

async function ownStack({ env, onProgress, allowEmbedded, root }: StackOptions): Promise<Stack> {
  const directory = stackDirectory(root)
  await requireDiskSpace(directory)
  const local = createLocalStack({ directory, env, onProgress })
  const runningLocally = await local.reuse()
  if (runningLocally !== null) return { kind: 'local', ...runningLocally }
  const docker = createDockerStack({ directory, env, onProgress })
  if (await docker.isAvailable()) {
    try {
      return { kind: 'docker', ...((await docker.reuse()) ?? (await docker.start())) }
    } catch (error) {
      onProgress(`Docker could not start the servers (${reasonOf(error)}): local processes take its place`)
    }
  }
  if (allowEmbedded && !(await canHaveTools(env, { maven: !(await local.isFetched()) }))) return { kind: 'embedded' }
  return { kind: 'local', ...(await local.start()) }
}
