/**
 * Writes the pages of docs/reference that follow from the code: commands (what --help prints), settings of every app, topics with their
 * keys and schemas. `--check` fails where a page says something else.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apps } from '#app/apps.ts'
import { commands } from '#app/cli/commands.ts'
import { startServer } from '#app/dashboard/server.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import type { Settings } from '#lib/app/config.ts'
import { rejectCodes } from '#lib/errors/reject-codes.ts'
import { topics } from '#lib/market/topics.ts'
import { createLogger } from '#lib/telemetry/logger.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'docs', 'reference')

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const row = (...cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0 ? ['None.'] : [row(...heads), row(...heads.map(() => '---')), ...rows.map((cells) => row(...cells))]

const page = (title: string, source: string, lines: readonly string[]): string =>
  [`# ${title}`, '', `Made by \`npm run generate\` from ${source}; \`npm run check\` fails where they differ.`, '', ...lines]
    .join('\n')
    .trimEnd()

async function helpOf(run: (argv: readonly string[], env: Record<string, string>) => Promise<number>): Promise<string> {
  const { write } = process.stdout
  let text = ''
  process.stdout.write = ((chunk: string | Uint8Array) => {
    text += String(chunk)
    return true
  }) as typeof process.stdout.write
  try {
    await run(['--help'], {})
  } finally {
    process.stdout.write = write
  }
  return text.trimEnd()
}

async function commandsPage(): Promise<string> {
  const sections: string[] = []
  for (const [name, { summary, run }] of Object.entries(commands)) {
    sections.push(`## flipstream ${name}`, '', `${summary}.`, '', '```', await helpOf(run), '```', '')
  }
  return page('Commands', 'what each command prints with `--help`', [
    'Exit codes: 0 done, 1 failed, 2 wrong usage (nothing was touched). With `--json` a command prints one JSON object on standard output and nothing else there.',
    '',
    ...sections,
  ])
}

const settingsTable = (settings: Settings): string[] =>
  table(
    ['variable', 'default', 'meaning'],
    Object.entries(settings).map(([name, { default: value, unit, description, secret }]) => [
      `\`${name}\``,
      `${value === undefined ? 'required' : value === '' ? 'empty' : `\`${value}\``}${unit === undefined ? '' : ` ${unit}`}`,
      `${description}${secret ? ' Secret: never logged.' : ''}`,
    ]),
  )

async function settingsPage(): Promise<string> {
  const sections = ['## Every app', '', ...settingsTable(commonSettings), '']
  for (const [name, { summary, load }] of Object.entries(apps)) {
    const { settings } = await load()
    sections.push(`## flipstream ${name}`, '', `${summary}.`, '', ...settingsTable(settings), '')
  }
  return page('Settings', 'the apps', [
    'Apps are configured by environment variables. An empty variable counts as not set; every problem is reported at once. A secret may come as a file instead, which `<NAME>_FILE` names.',
    '',
    ...sections,
  ])
}

type AvroField = { name: string; type: unknown; doc?: string }
type AvroRecord = { name: string; doc?: string; fields: AvroField[] }

function typeName(type: unknown): string {
  if (typeof type === 'string') return type.replace(/^flipstream\./, '')
  if (Array.isArray(type)) return type.map(typeName).join(' or ')
  const { type: kind, items, values, name, logicalType, symbols } = type as Record<string, unknown>
  if (kind === 'array') return `array of ${typeName(items)}`
  if (kind === 'map') return `map of ${typeName(values)}`
  if (Array.isArray(symbols)) return (symbols as string[]).join(', ')
  return String(logicalType ?? name ?? kind)
}

function topicsPage(): string {
  const keep = (days: number | 'compact') => (days === 'compact' ? 'compacted' : `${days} days`)
  const overview = table(
    ['topic', 'key', 'value', 'partitions', 'kept'],
    Object.entries(topics).map(([name, { key, schema, partitions, retentionDays }]) => [
      `\`${name}\``,
      key,
      schema === null ? 'as it was refused' : `[${schema}](#${schema.toLowerCase()})`,
      partitions === 'one' ? 'one' : 'by key',
      keep(retentionDays),
    ]),
  )
  const schemas = readdirSync(join(root, 'schemas'))
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(root, 'schemas', file), 'utf8')) as AvroRecord)
    .filter(({ fields }) => fields !== undefined)
  const sections = schemas.flatMap(({ name, doc, fields }) => [
    `## ${name}`,
    '',
    ...(doc === undefined ? [] : [doc, '']),
    ...table(
      ['field', 'type', 'meaning'],
      fields.map((field) => [`\`${field.name}\``, typeName(field.type), field.doc ?? '']),
    ),
    '',
  ])
  return page('Topics', '`libs/market/topics.ts` and `schemas/`', [
    'Keys go through Kafka’s default partitioner (murmur2). Values are Avro with the schema’s id in front (the registry’s wire format).',
    '',
    ...overview,
    '',
    ...sections,
  ])
}

const rejectCodesPage = (): string =>
  page('Reject codes', '`libs/errors/reject-codes.ts`', [
    'Why a record became a dead letter (header `dead-letter-code`, metric label `code`), and why a command or the API refused something.',
    'See dead letters with `flipstream dlq ls`, one with `flipstream dlq show`, and send them back with `flipstream dlq redrive`.',
    '',
    ...table(
      ['code', 'meaning'],
      Object.entries(rejectCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ])

type Operation = {
  summary?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  responses: Record<string, { description?: string }>
}

/** The document that the dashboard itself serves: asked of a server whose parts are never used. */
async function apiPage(): Promise<string> {
  const unused = {} as never
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    token: null,
    hosts: [],
    trustedProxies: [],
    requestsPerMinute: 60,
    pictureOrigin: null,
    version: '',
    logger: createLogger('reference', 'silent'),
    view: unused,
    market: unused,
    book: unused,
    modelBook: unused,
    prices: unused,
    why: unused,
    positions: unused,
    rules: unused,
    status: unused,
    events: { close() {} } as never,
  })
  const { paths } = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as { paths: Record<string, Record<string, Operation>> }
  await server.close()
  const sections = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { summary, parameters = [], responses }]) => [
      `## ${method.toUpperCase()} ${path}`,
      '',
      ...(summary === undefined ? [] : [`${summary}.`, '']),
      ...(parameters.length === 0
        ? []
        : [
            ...table(
              ['parameter', 'in', 'meaning'],
              parameters.map(({ name, in: where, required, description = '' }) => [
                `\`${name}\``,
                `${where}${required ? ', required' : ''}`,
                description,
              ]),
            ),
            '',
          ]),
      ...table(
        ['answer', 'meaning'],
        Object.entries(responses).map(([status, { description = '' }]) => [status, description]),
      ),
      '',
    ]),
  )
  return page('API', 'the document that the dashboard serves at `/api/openapi.json` (`/api.html` shows it)', [
    'Errors are `application/problem+json`. With `API_TOKEN` set, every request needs `Authorization: Bearer` with it.',
    '',
    ...sections,
  ])
}

const pages: Readonly<Record<string, string>> = {
  'commands.md': await commandsPage(),
  'settings.md': await settingsPage(),
  'topics.md': topicsPage(),
  'reject-codes.md': rejectCodesPage(),
  'api.md': await apiPage(),
}

const check = process.argv.includes('--check')
let stale = 0
for (const [name, text] of Object.entries(pages)) {
  const file = join(folder, name)
  const wanted = `${text}\n`
  if (existsSync(file) && readFileSync(file, 'utf8') === wanted) continue
  if (check) {
    stale++
    console.error(`docs/reference/${name} is not what the code says: run \`npm run generate\``)
  } else writeFileSync(file, wanted)
}
process.exit(stale > 0 ? 1 : 0)
