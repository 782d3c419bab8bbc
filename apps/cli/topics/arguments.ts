import { UsageError } from '#lib/app/usage-error.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { choiceOption, wholeNumberOption } from '#lib/cli/values.ts'

export type TopicsArguments = Readonly<{
  action: 'create' | 'check'
  partitions: number
  /** Null: as the brokers have it. */
  replicas: number | null
  minInSync: number | null
  json: boolean
}>

const usualPartitions = 12

export const topicsHelp = `flipstream topics create|check: the topics that the apps need (docs/reference/topics.md)

  flipstream topics create   makes those that are missing, and leaves the others as they are; then checks
  flipstream topics check    compares partitions, copies, retention and size of records with what is declared; changes nothing

  --partitions N     of topics that are spread by key (default ${usualPartitions}); market.events and its like always have one
  --replicas N       copies of each partition (default: what the brokers have as theirs, and then it is not compared)
  --min-in-sync N    copies that must have a record before it counts as written (default: as with --replicas)
  --json             print one JSON object, and nothing else on stdout

Exit code 1 where anything differs. It needs Kafka alone: KAFKA_BROKERS, and KAFKA_… for TLS and logins. PREFIX goes before every topic.
The user needs Create, Describe and DescribeConfigs on these topics.
`

/** Throws UsageError. */
export function parseTopicsArguments(argv: readonly string[]): TopicsArguments {
  const { values, positionals } = parse(argv)
  const [action = '', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`topics ${action}: does not know what to do with ${rest.join(' ')}`)
  const optional = (option: string, text: string | undefined) =>
    text === undefined ? null : wholeNumberOption(option, text, { atLeast: 1, atMost: 32 })
  const replicas = optional('--replicas', values.replicas)
  const minInSync = optional('--min-in-sync', values['min-in-sync'])
  if (replicas !== null && minInSync !== null && minInSync > replicas)
    throw new UsageError(`--min-in-sync ${minInSync}: there are only ${replicas} copies, so nothing could be written`)
  return {
    action: choiceOption('flipstream topics', action, ['create', 'check']),
    partitions: wholeNumberOption('--partitions', values.partitions ?? String(usualPartitions), { atLeast: 1, atMost: 1_000 }),
    replicas,
    minInSync,
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) =>
  parseOptions('flipstream topics', argv, {
    options: {
      partitions: { type: 'string' },
      replicas: { type: 'string' },
      'min-in-sync': { type: 'string' },
      json: { type: 'boolean' },
    },
    allowPositionals: true,
  })
