import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { numberOption, wholeNumberOption } from '#lib/cli/values.ts'

export const replayHelp = `flipstream replay: a recorded market once more, into topics of its own

  flipstream replay                  writes the recorded events again, each to its own partition, in order, exactly once: the same command
                                     goes on where a replay was interrupted or killed
  flipstream replay verify           lays the replay's listings.scored and alerts beside the recorded ones, byte for byte, and computes what
                                     the learner decided anew from the recorded events; shows the first difference decoded, side by side;
                                     exit 1 where there is one

Both
  --run NAME              the run to replay (default: the last one)
  --archive URI           instead of a run: ${archiveForms}
  --to NAME               in front of the topics that are written (default: the run's name with -replay)

replay
  --topic TOPIC           what is replayed, also several times (default market.events: the apps make the rest of it)
  --from-topic            read the run's topics instead of its archive
  --speed N|max           times the pace at which it was recorded (default max)
  --pipeline              also run enricher, featurizer, scorer and alerter on the replay, until they have done it all
  --partitions N          of the topics that are created (default: as many as were recorded)

verify
  --topic TOPIC           what is compared (default listings.scored and alerts); market.events computes the learner's decisions again,
                          too, as the default does
  --json                  (both) print one JSON object, nothing else
`

export type ReplayArguments = Readonly<{
  action: 'replay' | 'verify'
  run: string | null
  uri: string | null
  to: string | null
  topics: readonly string[]
  /** `verify`: whether the learner's decisions are computed anew. */
  decisions: boolean
  fromTopic: boolean
  speed: number
  pipeline: boolean
  partitions: number | null
  json: boolean
}>

const defaultTopics = { replay: ['market.events'], verify: ['listings.scored', 'alerts'] }

/** Throws UsageError before anything is opened. Null: help was asked for. */
export function parseReplayArguments(argv: readonly string[]): ReplayArguments | null {
  const { values, positionals } = parse(argv)
  if (values.help) return null
  const action = positionals.length === 0 ? 'replay' : positionals[0]
  if ((action !== 'replay' && action !== 'verify') || positionals.length > 1)
    throw new UsageError(`flipstream replay: expected nothing or verify, found ${positionals.join(' ')}\n\n${replayHelp}`)
  if (values.run !== undefined && values.archive !== undefined) throw new UsageError('--run and --archive name two recordings: give one')
  if (values['from-topic'] && values.archive !== undefined) throw new UsageError('--from-topic reads the topics of a run: give --run')
  if (values.to !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(values.to))
    throw new UsageError(`--to: expected letters, digits, '.', '_' and '-', found ${JSON.stringify(values.to)}`)
  return {
    action,
    run: values.run ?? null,
    uri: values.archive ?? null,
    to: values.to?.replace(/\.$/, '') ?? null,
    topics: values.topic ?? defaultTopics[action],
    decisions: values.topic?.includes('market.events') ?? true,
    fromTopic: values['from-topic'] ?? false,
    speed: speedOf(values.speed ?? 'max'),
    pipeline: values.pipeline ?? false,
    partitions:
      values.partitions === undefined ? null : wholeNumberOption('--partitions', values.partitions, { atLeast: 1, atMost: 9_999 }),
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) =>
  parseOptions('flipstream replay', argv, {
    allowPositionals: true,
    options: {
      run: { type: 'string' },
      archive: { type: 'string' },
      to: { type: 'string' },
      topic: { type: 'string', multiple: true },
      'from-topic': { type: 'boolean' },
      speed: { type: 'string' },
      pipeline: { type: 'boolean' },
      partitions: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })

const speedOf = (text: string): number =>
  text === 'max' ? Number.POSITIVE_INFINITY : numberOption('--speed', text, { above: 0, or: 'max' })
