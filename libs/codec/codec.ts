import './avsc-bounds-patch.ts'
import avro from 'avsc'
import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import { untilAvailable } from '#lib/errors/until-available.ts'
import type { RecordName, RecordTypes } from '#schemas/types.ts'
import type { SchemaRegistry } from './registry.ts'
import { readSchemaFiles, selfContainedSchema } from './schema-files.ts'

/**
 * Avro in the Confluent wire format: a zero byte, the writer schema's id (4 bytes, big endian), the Avro body.
 * A record is always read with the schema committed here; the writer's may be older (compatibility BACKWARD_TRANSITIVE).
 */
export interface Codec {
  /** Registers the schemas this app writes. Waits, for as long as it takes, while the registry is away. */
  prepare(writes: readonly RecordName[]): Promise<void>
  /** Throws RejectedError `unencodable`, with the path of the first wrong field. Only for prepared names. */
  encode<Name extends RecordName>(name: Name, value: RecordTypes[Name]): Buffer
  /**
   * A promise only when the writer's schema is met for the first time. RejectedError codes: `not_avro`, `unknown_schema_id`,
   * `undecodable`; RetryableError while the registry is away.
   */
  decode<Name extends RecordName>(name: Name, bytes: Buffer): RecordTypes[Name] | Promise<RecordTypes[Name]>
  /** The record as its writer's own schema tells it, whatever it is called: for people to look at. Errors as of `decode`. */
  decodeAsWritten(bytes: Buffer): Promise<unknown>
  /** The text of a writer schema, for archives that explain themselves. */
  writerSchema(id: number): Promise<string>
}

export type CodecOptions = Readonly<{ registry: SchemaRegistry; onWait?: (message: string, attempt: number) => void }>

const headerBytes = 5

/** The writer schema's id in a record's first bytes, or null where the bytes are not in the wire format. */
export const schemaIdOf = (bytes: Buffer): number | null => (bytes.length >= headerBytes && bytes[0] === 0 ? bytes.readInt32BE(1) : null)

/** What follows the writer schema's id. */
export const bodyOf = (bytes: Buffer): Buffer => bytes.subarray(headerBytes)

export function createCodec({ registry, onWait }: CodecOptions): Codec {
  const files = readSchemaFiles()
  const readers = new Map<RecordName, avro.Type>()
  const writers = new Map<RecordName, { type: avro.Type; id: number }>()
  const resolvers = new Map<string, avro.Resolver | null>()
  /** Being loaded: records that are decoded at once share one question to the registry, and one parse of its answer. */
  const loading = new Map<string, Promise<avro.Resolver | null>>()
  const writersById = new Map<number, avro.Type>()
  const scratch = Buffer.allocUnsafeSlow(1 << 20)

  const readerOf = (name: RecordName): avro.Type => {
    const known = readers.get(name)
    if (known !== undefined) return known
    const type = avro.Type.forSchema(selfContainedSchema(name, files) as avro.Schema)
    readers.set(name, type)
    return type
  }

  const read = <Name extends RecordName>(name: Name, bytes: Buffer, resolver: avro.Resolver | null): RecordTypes[Name] => {
    try {
      const body = bodyOf(bytes)
      // Without a resolver the writer's schema is ours, and the reader decodes directly.
      return (resolver === null ? readerOf(name).fromBuffer(body) : readerOf(name).fromBuffer(body, resolver)) as RecordTypes[Name]
    } catch (error) {
      throw new RejectedError('undecodable', `not a ${name} in its own writer schema: ${(error as Error).message}`, { cause: error })
    }
  }

  const loadResolver = async (name: RecordName, id: number, key: string): Promise<avro.Resolver | null> => {
    const text = await registry.schemaById(id)
    const reader = readerOf(name)
    let resolver: avro.Resolver | null
    try {
      const writer = avro.Type.forSchema(JSON.parse(text) as avro.Schema)
      resolver = writer.fingerprint().equals(reader.fingerprint()) ? null : reader.createResolver(writer)
    } catch (error) {
      throw new RejectedError('undecodable', `schema ${id} cannot be read as ${name}: ${(error as Error).message}`, { cause: error })
    }
    resolvers.set(key, resolver)
    return resolver
  }

  return {
    async prepare(writes) {
      for (const name of writes) {
        if (writers.has(name)) continue
        const schema = JSON.stringify(selfContainedSchema(name, files))
        const subject = `flipstream.${name}`
        const id = await untilAvailable(() => registry.register(subject, schema), onWait === undefined ? {} : { onWait })
        writers.set(name, { type: readerOf(name), id })
        resolvers.set(`${name}:${id}`, null)
      }
    },

    encode(name, value) {
      const writer = writers.get(name)
      if (writer === undefined) throw new Error(`codec.prepare(['${name}']) was not called`)
      try {
        scratch.writeUInt8(0, 0)
        scratch.writeInt32BE(writer.id, 1)
        // Avro's encode answers with a negative position when the buffer is too small for the record.
        const end = writer.type.encode(value, scratch, headerBytes)
        if (end > 0) return Buffer.from(scratch.subarray(0, end))
        return Buffer.concat([scratch.subarray(0, headerBytes), writer.type.toBuffer(value)])
      } catch (error) {
        throw new RejectedError('unencodable', `not a ${name}: ${firstProblem(writer.type, value) ?? (error as Error).message}`, {
          cause: error,
        })
      }
    },

    decode(name, bytes) {
      const id = requireSchemaId(bytes)
      const key = `${name}:${id}`
      const resolver = resolvers.get(key)
      if (resolver !== undefined) return read(name, bytes, resolver)
      const load = loading.get(key) ?? loadResolver(name, id, key).finally(() => loading.delete(key))
      loading.set(key, load)
      return load.then((loaded) => read(name, bytes, loaded))
    },

    async decodeAsWritten(bytes) {
      const id = requireSchemaId(bytes)
      try {
        const type = writersById.get(id) ?? avro.Type.forSchema(JSON.parse(await registry.schemaById(id)) as avro.Schema)
        writersById.set(id, type)
        return type.fromBuffer(bodyOf(bytes))
      } catch (error) {
        if (error instanceof RejectedError || error instanceof RetryableError) throw error
        throw new RejectedError('undecodable', `not a record of its own writer schema ${id}: ${(error as Error).message}`, { cause: error })
      }
    },

    writerSchema: (id) => registry.schemaById(id),
  }
}

function requireSchemaId(bytes: Buffer): number {
  const id = schemaIdOf(bytes)
  if (id !== null) return id
  throw new RejectedError(
    'not_avro',
    `expected a zero byte and a schema id, found ${bytes.length} bytes: ${bytes.subarray(0, 8).toString('hex')}`,
  )
}

function firstProblem(type: avro.Type, value: unknown): string | undefined {
  let problem: string | undefined
  type.isValid(value, {
    errorHook: (path, found) => {
      problem ??= `${path.join('.')} is ${JSON.stringify(found)?.slice(0, 100) ?? 'missing'}`
    },
  })
  return problem
}
