import { readdirSync, readFileSync } from 'node:fs'

/** A schema as written in schemas/*.avsc: it names other files' types by their full name. */
export type AvroSchema = string | AvroSchema[] | { [property: string]: unknown; type: AvroSchema; name?: string; namespace?: string }

const directory = new URL('../../schemas/', import.meta.url)

/** Every committed schema by its short record name, as it stands in its file. */
export function readSchemaFiles(): ReadonlyMap<string, AvroSchema> {
  const files = readdirSync(directory)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
  return new Map(
    files.map((file) => {
      const schema = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as { name: string } & AvroSchema
      return [schema.name, schema]
    }),
  )
}

/**
 * The schema of a record with every named type spelled out where it is first used, as a registry and other languages want it.
 * Field order is that of the file; documentation is kept.
 */
export function selfContainedSchema(name: string, files: ReadonlyMap<string, AvroSchema>): AvroSchema {
  const inner = innerTypes(files)
  const seen = new Set<string>()
  const expand = (schema: AvroSchema): AvroSchema => {
    if (typeof schema === 'string') {
      const short = schema.replace(/^flipstream\./, '')
      const definition = schema.startsWith('flipstream.') ? (files.get(short) ?? inner.get(short)) : undefined
      if (schema.startsWith('flipstream.') && definition === undefined)
        throw new Error(`schema ${name} names ${schema}, which no file defines`)
      return definition === undefined || seen.has(short) ? schema : expand(definition)
    }
    if (Array.isArray(schema)) return schema.map(expand)
    if (typeof schema.name === 'string') {
      if (seen.has(schema.name)) return `flipstream.${schema.name}`
      seen.add(schema.name)
    }
    const expanded: Record<string, unknown> = { ...schema }
    if (Array.isArray(schema['fields'])) {
      expanded['fields'] = (schema['fields'] as { type: AvroSchema }[]).map((field) => ({ ...field, type: expand(field.type) }))
    }
    if (schema['items'] !== undefined) expanded['items'] = expand(schema['items'] as AvroSchema)
    if (schema['values'] !== undefined) expanded['values'] = expand(schema['values'] as AvroSchema)
    if (typeof schema.type === 'object') expanded['type'] = expand(schema.type)
    return expanded as AvroSchema
  }
  const root = files.get(name)
  if (root === undefined) throw new Error(`no schema file defines ${name}`)
  return expand(root)
}

/** Types defined inside another file's record, such as enums, which may be named from elsewhere. */
function innerTypes(files: ReadonlyMap<string, AvroSchema>): ReadonlyMap<string, AvroSchema> {
  const found = new Map<string, AvroSchema>()
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { name, type } = node as { name?: unknown; type?: unknown }
    if (typeof name === 'string' && (type === 'record' || type === 'enum')) found.set(name, node as AvroSchema)
    for (const value of Object.values(node)) walk(value)
  }
  for (const schema of files.values()) walk(schema)
  return found
}
