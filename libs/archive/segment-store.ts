import { createHash } from 'node:crypto'
import type { Codec } from '#lib/codec/codec.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { type ArchiveLocation, archiveRoot, gapKey, manifestKey, type OffsetRange, objectKey, schemaKey, sealKey } from './layout.ts'
import { logicalHash, logicalHashOfRows } from './logical-hash.ts'
import { decodeManifest, decodeSeal, encodeGap, encodeManifest, encodeSeal, type Manifest } from './manifest.ts'
import type { PackedRows } from './packed-rows.ts'
import { decodeParquet, encodeParquet } from './parquet-file.ts'
import { columnsOfTopic } from './topic-columns.ts'

/** A stretch of one partition that becomes one object. */
export type Segment = Readonly<{
  partition: number
  range: OffsetRange
  /** Hours since 1970, for the path. */
  hour: number
  /** Running maximum of time after the last row. */
  clock: number
  rows: PackedRows
}>

export type WrittenObject = Readonly<{
  manifest: Manifest
  /** False: it was there already, with the same records. This archiver died, or another one is at work on the same partition. */
  created: boolean
}>

/**
 * Makes segments durable. Every step is create-only and may be repeated by anyone, after a crash or at the same time:
 *
 *   1. seal      decides where the segment ends. The first one stays, so whoever begins at the same offset cuts at the same place.
 *   2. schemas   of the values, by id
 *   3. object    the records. Where it exists, it must hold the same ones.
 *   4. manifest  makes the object part of the archive. Only then may the consumer offset be committed.
 */
export interface SegmentStore {
  /** Proposes an end for the segment that begins here; returns the end that holds, which another run may have decided. */
  seal(partition: number, range: OffsetRange): Promise<number>
  /** Records for ever that these offsets are in no object, and why: the log deleted them first. */
  recordGap(partition: number, range: OffsetRange): Promise<void>
  /** Steps 2 to 4. FatalError where the store holds other records under the segment's name. */
  write(segment: Segment): Promise<WrittenObject>
}

export function createSegmentStore(options: {
  store: ObjectStore
  codec: Pick<Codec, 'writerSchema'>
  location: ArchiveLocation
}): SegmentStore {
  const { store, codec, location } = options
  const { observedAt } = columnsOfTopic(location.topic)
  const root = archiveRoot(location)
  const storedSchemas = new Set<number>()

  const storeSchema = async (id: number): Promise<void> => {
    try {
      const text = await codec.writerSchema(id)
      await store.putIfAbsent(schemaKey(root, id), Buffer.from(text), { contentType: 'application/json' })
    } catch (error) {
      // Bytes that only look like the wire format: the record is archived, there is no schema to go with it.
      if (!(error instanceof RejectedError)) throw error
    }
    storedSchemas.add(id)
  }

  return {
    async seal(partition, { begin, end }) {
      const key = sealKey(root, partition, begin)
      const answer = await store.putIfAbsent(key, encodeSeal(end), { contentType: 'application/json' })
      return answer === 'created' ? end : decodeSeal(await mustGet(store, key), key)
    },

    async recordGap(partition, range) {
      await store.putIfAbsent(gapKey(root, partition, range), encodeGap(range), { contentType: 'application/json' })
    },

    async write(segment) {
      const schemaIds = [...new Set(segment.rows.record.schemaId.values())].filter((id) => id !== null).sort((a, b) => a - b)
      for (const id of schemaIds) if (!storedSchemas.has(id)) await storeSchema(id)
      const described = describe(location, root, segment, { schemaIds, observed: observedAt !== null })
      const bytes = encodeParquet(segment.rows)
      const { created, size, sha256 } = await writeObject(store, location.topic, described, bytes)
      const manifest: Manifest = { ...described, size, sha256 }
      await writeManifest(store, manifestKey(root, segment.partition, segment.range), manifest)
      return { manifest, created }
    },
  }
}

type Described = Omit<Manifest, 'size' | 'sha256'>

function describe(
  location: ArchiveLocation,
  root: string,
  { partition, range, hour, clock, rows }: Segment,
  { schemaIds, observed }: { schemaIds: number[]; observed: boolean },
): Described {
  const { offset, timestamp } = rows.record
  const [firstOffset, lastOffset] = [offset.at(0)!, offset.at(rows.length - 1)!]
  const times = observed ? rows.time.values().filter((time) => time !== null) : []
  const timestamps = timestamp.values() as number[]
  return {
    version: 1,
    topic: location.topic,
    generation: location.generation,
    partition,
    ...range,
    firstOffset,
    lastOffset,
    count: rows.length,
    minTimestamp: least(timestamps)!,
    maxTimestamp: greatest(timestamps)!,
    minObservedAt: least(times),
    maxObservedAt: greatest(times),
    clock,
    schemaIds,
    key: objectKey(root, { hour, partition, firstOffset, lastOffset }),
    logicalHash: logicalHashOfRows(rows),
  }
}

async function writeObject(
  store: ObjectStore,
  topic: string,
  described: Described,
  bytes: Buffer,
): Promise<Pick<Manifest, 'size' | 'sha256'> & { created: boolean }> {
  const sha256 = sha256Of(bytes)
  const answer = await store.putIfAbsent(described.key, bytes, { contentType: 'application/vnd.apache.parquet', sha256 })
  if (answer === 'created') return { created: true, size: bytes.length, sha256 }
  const stored = await mustGet(store, described.key)
  const storedHash = sha256Of(stored)
  // The bytes may be another library version's; the records may not be others.
  const same = storedHash === sha256 || logicalHash(await decodeParquet(stored, topic, described.key)) === described.logicalHash
  if (!same) throw otherRecords(described.key, described)
  return { created: false, size: stored.length, sha256: storedHash }
}

async function writeManifest(store: ObjectStore, key: string, manifest: Manifest): Promise<void> {
  if ((await store.putIfAbsent(key, encodeManifest(manifest), { contentType: 'application/json' })) === 'created') return
  const stored = decodeManifest(await mustGet(store, key), key)
  if (stored.logicalHash !== manifest.logicalHash || stored.key !== manifest.key) throw otherRecords(key, manifest)
}

function otherRecords(key: string, { partition, firstOffset, lastOffset, count, generation }: Described): FatalError {
  return new FatalError(
    `archive: ${key} exists and holds other records than the log: expected ${count} records of partition ${partition}, offsets ${firstOffset} to ${lastOffset}. ` +
      `Nothing was overwritten. If the topic was rebuilt, archive it under a new generation (ARCHIVE_GENERATION=${generation + 1})`,
  )
}

async function mustGet(store: ObjectStore, key: string): Promise<Buffer> {
  const bytes = await store.get(key)
  if (bytes === null) throw new FatalError(`archive: ${key} exists but cannot be read; somebody removes objects of the archive`)
  return bytes
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

const least = (values: readonly number[]) => values.reduce<number | null>((min, value) => (min === null || value < min ? value : min), null)
const greatest = (values: readonly number[]) =>
  values.reduce<number | null>((max, value) => (max === null || value > max ? value : max), null)
