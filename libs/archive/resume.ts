import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveLocation, archiveRoot, manifestKey, manifestsPrefix, type OffsetRange, parseManifestKey } from './layout.ts'
import { logicalHash } from './logical-hash.ts'
import { decodeManifest } from './manifest.ts'
import { decodeParquet } from './parquet-file.ts'

/** How to go on at a position of the log, given what the archive holds already. */
export type Resume = Readonly<{
  /** Running maximum of observedAt over what the archive holds before the position. */
  clock: number
  /** The position lies inside this object (somebody moved the group's offset): records up to its end are compared, not written. */
  inside: ArchivedTail | null
  /** Where the last object that lies before the position ends. Null: there is none. */
  end: number | null
}>

export type ArchivedTail = Readonly<{ end: number; check(record: LogRecord): void }>

/**
 * The committed offset of the group is a hint; what the manifests say is the truth. Usually the position is where the last object ends.
 * It is where an object begins when a commit was lost (that object is then written again, and found equal), and anywhere else when the
 * group's offsets expired or were moved.
 */
export async function findResume(store: ObjectStore, location: ArchiveLocation, partition: number, position: number): Promise<Resume> {
  const root = archiveRoot(location)
  let before: OffsetRange | null = null
  let containing: OffsetRange | null = null
  for await (const { key } of store.list(manifestsPrefix(root, partition))) {
    const range = parseManifestKey(root, key)
    if (range === null || range.begin >= position) continue
    if (range.end > position) containing = range
    else before = range
  }
  const last = containing ?? before
  if (last === null) return { clock: 0, inside: null, end: null }
  const key = manifestKey(root, partition, last)
  const manifest = decodeManifest(await mustGet(store, key), key)
  if (containing === null) return { clock: manifest.clock, inside: null, end: last.end }
  const records = await decodeParquet(await mustGet(store, manifest.key), location.topic, manifest.key)
  return { clock: manifest.clock, inside: archivedTail(manifest.key, containing.end, records), end: before?.end ?? null }
}

function archivedTail(key: string, end: number, records: readonly LogRecord[]): ArchivedTail {
  const byOffset = new Map(records.map((record) => [record.offset, record]))
  return {
    end,
    check(record) {
      const archived = byOffset.get(record.offset)
      if (archived !== undefined && logicalHash([archived]) === logicalHash([record])) return
      throw new FatalError(
        `archive: ${key} ${archived === undefined ? 'lacks' : 'holds another'} record at offset ${record.offset} than the log. Nothing was overwritten. ` +
          'If the topic was rebuilt, archive it under a new generation (ARCHIVE_GENERATION)',
      )
    },
  }
}

async function mustGet(store: ObjectStore, key: string): Promise<Buffer> {
  const bytes = await store.get(key)
  if (bytes === null) throw new FatalError(`archive: ${key} is missing, and another object counts on it. Run archive verify`)
  return bytes
}
