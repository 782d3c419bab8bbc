import { parseArgs } from 'node:util'
import { UsageError } from '#lib/app/usage-error.ts'
import { choiceOption, momentOption, wholeNumberOption } from '#lib/cli/values.ts'

export const dlqHelp = `flipstream dlq: what the apps refused, and how to send it back once its cause is mended

  flipstream dlq ls [filters] [--state waiting|redriven|any] [--limit N] [--json]
  flipstream dlq show ID... [--value FILE] [--json]   headers, and the value decoded (--value: one letter's bytes into a file)
  flipstream dlq redrive ID... | filters | --all  [--dry-run] [--json]

Filters, all of which must hold
  --app NAME       refused by this app            --topic NAME     came from this topic
  --code CODE      refused with this code         --key KEY        under this key, such as axie:1234
  --since TIME     refused at or after, such as 2026-11-25T12:00Z
  --until TIME     refused before

  --run NAME       dead letters of this run (default: PREFIX where set, else the last run)
  --limit N        ls: the newest so many are listed (default 100); redrive: the oldest so many are sent (default 10000)

A redriven record goes back to its topic for the app that refused it: other groups skip it, the archive keeps it. The letter is marked in
the same transaction, so that however often redrive is run or killed, each is sent once. Refused again, it is a new letter with its attempt
counted. A letter that was cut for its size, or came from the marketplace itself, cannot be redriven, and is said to be so.
`

export type Filter = Readonly<{
  app: string | null
  topic: string | null
  code: string | null
  key: string | null
  since: number
  until: number
}>

export type LetterState = 'waiting' | 'redriven' | 'any'

export type DlqArguments = Readonly<{ run: string | null; json: boolean; filter: Filter; limit: number }> &
  (
    | Readonly<{ action: 'ls'; state: LetterState }>
    | Readonly<{ action: 'show'; ids: readonly string[]; valueFile: string | null }>
    | Readonly<{ action: 'redrive'; ids: readonly string[]; dryRun: boolean }>
  )

const options = {
  app: { type: 'string' },
  topic: { type: 'string' },
  code: { type: 'string' },
  key: { type: 'string' },
  since: { type: 'string' },
  until: { type: 'string' },
  run: { type: 'string' },
  state: { type: 'string' },
  limit: { type: 'string' },
  value: { type: 'string' },
  all: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Which options an action takes beside --run and --json. */
const filters = ['app', 'topic', 'code', 'key', 'since', 'until'] as const
const known: Readonly<Record<DlqArguments['action'], readonly string[]>> = {
  ls: [...filters, 'state', 'limit'],
  show: ['value'],
  redrive: [...filters, 'all', 'limit', 'dry-run'],
}

type Values = ReturnType<typeof read>['values']

export function parseDlqArguments(argv: readonly string[]): DlqArguments {
  const { values, positionals } = read(argv)
  const [action, ...ids] = positionals
  if (action !== 'ls' && action !== 'show' && action !== 'redrive')
    throw new UsageError(`dlq: expected ls, show or redrive, found ${action ?? 'nothing'}\n\n${dlqHelp}`)
  const stray = Object.keys(values).find((name) => ![...known[action], 'run', 'json'].includes(name))
  if (stray !== undefined) throw new UsageError(`dlq ${action} does not know --${stray}\n\n${dlqHelp}`)
  const common = { run: values.run ?? null, json: values.json ?? false, filter: filterOf(values) }
  if (action === 'ls') {
    if (ids.length > 0) throw new UsageError(`dlq ls takes filters, found ${ids.join(' ')}: flipstream dlq show shows single letters`)
    return {
      ...common,
      action,
      state: choiceOption('--state', values.state ?? 'waiting', ['waiting', 'redriven', 'any']),
      limit: limitOf(values.limit ?? '100'),
    }
  }
  for (const id of ids)
    if (!/^\d+-\d+$/.test(id)) throw new UsageError(`dlq ${action}: expected a letter's id such as 0-17 (dlq ls lists them), found ${id}`)
  if (action === 'show') {
    if (ids.length === 0) throw new UsageError('dlq show: name the letters to show, such as 0-17 (dlq ls lists them)')
    if (values.value !== undefined && ids.length > 1) throw new UsageError('dlq show --value writes one letter: name one')
    return { ...common, action, ids, valueFile: values.value ?? null, limit: ids.length }
  }
  requireChoice(values, ids)
  return { ...common, action, ids, dryRun: values['dry-run'] ?? false, limit: limitOf(values.limit ?? '10000') }
}

function read(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, options })
  } catch (error) {
    throw new UsageError(`dlq: ${(error as Error).message}\n\n${dlqHelp}`)
  }
}

/** Sending back everything is asked for, never the answer to a forgotten filter. */
function requireChoice(values: Values, ids: readonly string[]): void {
  const hasFilter = filters.some((name) => values[name] !== undefined)
  if ([ids.length > 0, hasFilter, values.all === true].filter(Boolean).length !== 1)
    throw new UsageError('dlq redrive: expected one of letters by id, filters, or --all (try --dry-run first)')
}

const filterOf = ({ app, topic, code, key, since, until }: Values): Filter => ({
  app: app ?? null,
  topic: topic ?? null,
  code: code ?? null,
  key: key ?? null,
  since: since === undefined ? Number.NEGATIVE_INFINITY : momentOption('--since', since),
  until: until === undefined ? Number.POSITIVE_INFINITY : momentOption('--until', until),
})

const limitOf = (text: string): number => wholeNumberOption('--limit', text, { atLeast: 1 })
