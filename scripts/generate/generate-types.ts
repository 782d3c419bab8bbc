/** Writes schemas/types.ts from schemas/*.avsc. `--check` fails where the file is not what would be written. */
import { readFileSync, writeFileSync } from 'node:fs'
import { type AvroSchema, readSchemaFiles } from '#lib/codec/schema-files.ts'

const target = new URL('../../schemas/types.ts', import.meta.url)
const primitives: Record<string, string> = {
  string: 'string',
  int: 'number',
  long: 'number',
  double: 'number',
  float: 'number',
  boolean: 'boolean',
  bytes: 'Buffer',
  null: 'null',
}
const declarations: string[] = []

const comment = (doc: unknown, indent = ''): string => (typeof doc === 'string' && doc !== '' ? `${indent}/** ${doc} */\n` : '')

function typeOf(schema: AvroSchema): string {
  if (typeof schema === 'string') return primitives[schema] ?? schema.replace(/^flipstream\./, '')
  if (Array.isArray(schema)) return unionOf(schema)
  if (schema.type === 'array') {
    const items = typeOf(schema['items'] as AvroSchema)
    return `readonly ${items.includes(' ') ? `(${items})` : items}[]`
  }
  if (schema.type === 'map') return `Readonly<Record<string, ${typeOf(schema['values'] as AvroSchema)}>>`
  if (schema.type === 'record' || schema.type === 'enum') {
    declare(schema)
    return schema.name as string
  }
  return typeOf(schema.type)
}

/** A union with more than one record is wrapped, as Avro's JSON encoding writes it: { Listing: … }. */
function unionOf(branches: AvroSchema[]): string {
  const records = branches.filter((branch) => typeof branch === 'string' && branch.startsWith('flipstream.')) as string[]
  if (records.length <= 1)
    return branches
      .map(typeOf)
      .sort((a) => (a === 'null' ? 1 : -1))
      .join(' | ')
  return records.map((full) => `{ readonly '${full}': ${typeOf(full)} }`).join(' | ')
}

function declare(schema: Exclude<AvroSchema, string | AvroSchema[]>): void {
  if (schema.type === 'enum') {
    declarations.push(
      `${comment(schema['doc'])}export type ${schema.name} = ${(schema['symbols'] as string[]).map((symbol) => `'${symbol}'`).join(' | ')}\n`,
    )
    return
  }
  // A field that was added later has a default, which the writer fills in: who has nothing to say need not name it.
  const fields = schema['fields'] as { name: string; type: AvroSchema; doc?: string; mayBeLeftOut?: true }[]
  const lines = fields.map(
    (field) => `${comment(field.doc, '  ')}  readonly ${field.name}${field.mayBeLeftOut ? '?' : ''}: ${typeOf(field.type)}\n`,
  )
  declarations.push(`${comment(schema['doc'])}export type ${schema.name} = {\n${lines.join('')}}\n`)
}

const files = readSchemaFiles()
for (const schema of files.values()) typeOf(schema)
const byName = [...files.keys()].map((name) => `  ${name}: ${name}\n`).join('')
const text = `// Generated from schemas/*.avsc by scripts/generate/generate-types.ts. Edit the schemas, then run \`npm run generate\`.\n\n${declarations.join('\n')}\n/** Every record that has a schema file, by its name. */\nexport type RecordTypes = {\n${byName}}\n\nexport type RecordName = keyof RecordTypes\n`

if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('schemas/types.ts is not what schemas/*.avsc say: run `npm run generate`')
    process.exit(1)
  }
} else writeFileSync(target, text)
