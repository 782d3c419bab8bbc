import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { durationOption, wholeNumberOption } from '#lib/cli/values.ts'

export const archiveHelp = `flipstream archive: what is kept for ever, in the object store

  flipstream archive ls                   topics with their objects, records, sizes and times; --objects lists every object
  flipstream archive cat                  records as JSON, one a line, decoded by the schemas that lie beside them
  flipstream archive backfill             archives the run's topics from their first offset, cut where the live archiver cut: what is archived is
                                          compared with the log, what is missing is written; --to URI writes into another archive
  flipstream archive verify               proves that every visible record of the log is archived once, unaltered; exit 1 and the list otherwise

Of which archive (default: the last run)
  --run NAME              a run (flipstream runs ls)
  --archive URI           ${archiveForms}
  --topic TOPIC           only this topic, also several times (cat: one, default market.events)

cat
  --partition N           only this partition
  --from OFFSET           begin at this offset of each partition
  --limit N               print at most so many records

verify
  --allow-lag DURATION    the newest records may still wait for their object (a live archiver): 15m, 2h. Default: none may
  --json                  (ls, verify, backfill) print one JSON object, nothing else
`

export type ArchiveArguments = Readonly<{
  action: 'ls' | 'cat' | 'verify' | 'backfill'
  /** Null: the last run. */
  run: string | null
  uri: string | null
  to: string | null
  topics: readonly string[]
  objects: boolean
  partition: number | null
  from: number
  limit: number
  allowLagMillis: number
  json: boolean
}>

const actions = ['ls', 'cat', 'verify', 'backfill'] as const

/** Throws UsageError before anything is opened. Null: help was asked for. */
export function parseArchiveArguments(argv: readonly string[]): ArchiveArguments | null {
  const { values, positionals } = parse(argv)
  if (values.help) return null
  const action = actions.find((name) => name === positionals[0])
  if (action === undefined || positionals.length > 1) {
    throw new UsageError(
      `flipstream archive: expected ${actions.join(', ')}, found ${positionals.join(' ') || 'nothing'}\n\n${archiveHelp}`,
    )
  }
  if (values.run !== undefined && values.archive !== undefined) throw new UsageError('--run and --archive name two archives: give one')
  if (values.to !== undefined && action !== 'backfill') throw new UsageError('--to is for archive backfill')
  const topics = values.topic ?? []
  if (action === 'cat' && topics.length > 1) throw new UsageError('archive cat prints one topic: give --topic once')
  return {
    action,
    run: values.run ?? null,
    uri: values.archive ?? null,
    to: values.to ?? null,
    topics,
    objects: values.objects ?? false,
    partition: values.partition === undefined ? null : wholeNumberOption('--partition', values.partition, { atLeast: 0 }),
    from: wholeNumberOption('--from', values.from ?? '0', { atLeast: 0 }),
    limit: values.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumberOption('--limit', values.limit, { atLeast: 0 }),
    allowLagMillis: values['allow-lag'] === undefined ? 0 : durationOption('--allow-lag', values['allow-lag']),
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) =>
  parseOptions('flipstream archive', argv, {
    allowPositionals: true,
    options: {
      run: { type: 'string' },
      archive: { type: 'string' },
      to: { type: 'string' },
      topic: { type: 'string', multiple: true },
      objects: { type: 'boolean' },
      partition: { type: 'string' },
      from: { type: 'string' },
      limit: { type: 'string' },
      'allow-lag': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
