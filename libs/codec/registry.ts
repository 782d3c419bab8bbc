import avro from 'avsc'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'

/** A schema registry: gives every schema text a small number, and gives the text back for the number. */
export interface SchemaRegistry {
  /**
   * The id of this schema under this subject; registers it where it is new. Newer schemas of a subject must read everything ever written
   * under it (BACKWARD_TRANSITIVE): FatalError where this one does not.
   */
  register(subject: string, schema: string): Promise<number>
  /**
   * The text as it was registered, to the byte. RejectedError `unknown_schema_id` only where the registry itself says that it has no such
   * schema. Any other answer says nothing about the record: RetryableError, until somebody has mended address, login or registry.
   */
  schemaById(id: number): Promise<string>
}

export const incompatible = (subject: string, problem: string): FatalError =>
  new FatalError(
    `the schema of ${subject} cannot read what was written with earlier versions of it: ${problem}. ` +
      'Give new fields a default and keep old ones.',
  )

/** For tests and the embedded start: ids in order of registration. */
export function createMemoryRegistry(): SchemaRegistry {
  const schemas: string[] = []
  const bySubject = new Map<string, readonly string[]>()
  return {
    async register(subject, schema) {
      const earlier = bySubject.get(subject) ?? []
      if (!earlier.includes(schema)) {
        requireReads(subject, schema, earlier)
        bySubject.set(subject, [...earlier, schema])
      }
      if (!schemas.includes(schema)) schemas.push(schema)
      return schemas.indexOf(schema) + 1
    },
    async schemaById(id) {
      const schema = schemas[id - 1]
      if (schema === undefined) throw new RejectedError('unknown_schema_id', `no schema has id ${id}`)
      return schema
    },
  }
}

function requireReads(subject: string, schema: string, earlier: readonly string[]): void {
  if (earlier.length === 0) return
  const reader = avro.Type.forSchema(JSON.parse(schema) as avro.Schema)
  try {
    for (const text of earlier) reader.createResolver(avro.Type.forSchema(JSON.parse(text) as avro.Schema))
  } catch (error) {
    throw incompatible(subject, (error as Error).message)
  }
}
