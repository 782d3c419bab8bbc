import { commonSettings } from '#lib/app/common-settings.ts'
import { ConfigError, defineConfig, parseConfig } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { kafkaSecurityOf } from '#lib/app/kafka-security.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { type TopicDifference, topicDifferences } from '#lib/market/topic-differences.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { LogAdmin } from '#lib/stream/log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { parseTopicsArguments, type TopicsArguments, topicsHelp } from './arguments.ts'

type Environment = Readonly<Record<string, string | undefined>>

const settings = defineConfig({ KAFKA_BROKERS: commonSettings.KAFKA_BROKERS, PREFIX: commonSettings.PREFIX })

/** `flipstream topics`: for a cluster whose topics nobody else makes (k8s/components/topics), and for whoever wonders. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(topicsHelp)
    return exitCodes.done
  }
  const options = parseTopicsArguments(argv)
  const { KAFKA_BROKERS: brokers, PREFIX: prefix } = configOf(env)
  const log = createKafkajsLog({
    brokers,
    clientId: `${prefix}topics`,
    logger: createLogger('topics', 'error'),
    ...kafkaSecurityOf(env),
  })
  try {
    await log.checkReachable()
    const differences = await settle(log.admin(), prefix, options)
    process.stdout.write(options.json ? `${JSON.stringify({ ok: differences.length === 0, differences })}\n` : format(differences))
    return differences.length === 0 ? exitCodes.done : exitCodes.failed
  } finally {
    await log.close()
  }
}

function configOf(env: Environment) {
  try {
    return parseConfig(settings, env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

/** Makes what is missing, if asked to; resolves with what differs in the end. */
async function settle(admin: LogAdmin, prefix: string, { action, ...options }: TopicsArguments): Promise<TopicDifference[]> {
  const declared = topicSettings(prefix, options)
  try {
    if (action === 'create') await admin.createTopics(declared)
    return topicDifferences(declared, await admin.describeTopics(declared.map(({ topic }) => topic)))
  } finally {
    await admin.close()
  }
}

function format(differences: readonly TopicDifference[]): string {
  if (differences.length === 0) return 'all topics are as declared\n'
  const lines = differences.map(({ topic, difference }) => `${topic}: ${difference}`)
  const remedy = differences.some(({ difference }) => difference === 'is not there')
    ? 'flipstream topics create makes what is missing. '
    : ''
  return `${lines.join('\n')}\n${remedy}Settings of a topic that exists are changed with the tools of your Kafka; partitions only grow, and keys then move.\n`
}
