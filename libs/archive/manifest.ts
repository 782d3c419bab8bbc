import { z } from 'zod'
import { FatalError } from '#lib/errors/errors.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'

const offset = z.int().min(0)
const hash = z.string().regex(/^[0-9a-f]{64}$/)
const time = z.int().nullable()

const manifestSchema = z.object({
  version: z.literal(1),
  topic: z.string(),
  generation: z.int(),
  partition: z.int().min(0),
  /** Half-open range of log offsets that this object answers for: joins its neighbours without gap. */
  begin: offset,
  end: offset,
  /** Offsets of the records themselves, inclusive. */
  firstOffset: offset,
  lastOffset: offset,
  count: z.int().min(1),
  /** Timestamps of the log, wall clock. */
  minTimestamp: z.int(),
  maxTimestamp: z.int(),
  /** Null in topics whose values have none, and where no value could be decoded. */
  minObservedAt: time,
  maxObservedAt: time,
  /** The running maximum of observedAt (else of timestamp) after this object, over the whole partition: the next one's hour goes on from here. */
  clock: z.int().min(0),
  schemaIds: z.array(z.int()),
  /** The object in the store, its size in bytes, and the sha256 of those bytes. */
  key: z.string(),
  size: z.int().min(1),
  sha256: hash,
  /** Hash of the records (logical-hash.ts): it must never change. */
  logicalHash: hash,
})

export type Manifest = Readonly<z.infer<typeof manifestSchema>>

export const encodeManifest = (manifest: Manifest): Buffer => Buffer.from(`${canonicalJson(manifest)}\n`)

/** FatalError with the key and what is wrong. */
export function decodeManifest(bytes: Buffer, key: string): Manifest {
  return decode(manifestSchema, bytes, `archive manifest ${key}`)
}

const sealSchema = z.preprocess(upgradeSeal, z.object({ version: z.literal(1), end: offset }))

export const encodeSeal = (end: number): Buffer => Buffer.from(`${canonicalJson({ version: 1, end })}\n`)

/** Where the object ends. FatalError with the key and what is wrong. */
export const decodeSeal = (bytes: Buffer, key: string): number => decode(sealSchema, bytes, `archive seal ${key}`).end

/** Before seals had a version they held their end alone. */
function upgradeSeal(document: unknown): unknown {
  return typeof document === 'object' && document !== null && !('version' in document) ? { version: 1, ...document } : document
}

/** Its name says all; the words are for people. */
export const encodeGap = ({ begin, end }: Readonly<{ begin: number; end: number }>): Buffer =>
  Buffer.from(`${canonicalJson({ version: 1, begin, end, reason: 'the log deleted these offsets before they were archived' })}\n`)

function decode<Value>(schema: z.ZodType<Value>, bytes: Buffer, what: string): Value {
  let document: unknown
  try {
    document = JSON.parse(bytes.toString())
  } catch (error) {
    throw new FatalError(`${what}: expected JSON, ${(error as Error).message}`, { cause: error })
  }
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  throw new FatalError(`${what}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')}`)
}
