import { createHash } from 'node:crypto'
import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveLocation, archiveRoot, gapsPrefix, manifestsPrefix, parseGapKey, parseManifestKey } from './layout.ts'
import { decodeManifest, type Manifest } from './manifest.ts'
import { decodeParquet } from './parquet-file.ts'

type ManifestName = Readonly<{ key: string; partition: number; begin: number; end: number }>

/** The names of a topic's manifests, by partition and offset. */
export async function listManifests(store: ObjectStore, location: ArchiveLocation): Promise<ManifestName[]> {
  const root = archiveRoot(location)
  const names: ManifestName[] = []
  for await (const { key } of store.list(manifestsPrefix(root))) {
    const range = parseManifestKey(root, key)
    if (range !== null) names.push({ key, ...range })
  }
  return names.sort((a, b) => a.partition - b.partition || a.begin - b.begin)
}

type Gap = Readonly<{ partition: number; begin: number; end: number }>

/** What the log had deleted before it was archived, by partition and offset. */
export async function listGaps(store: ObjectStore, location: ArchiveLocation): Promise<Gap[]> {
  const root = archiveRoot(location)
  const gaps: Gap[] = []
  for await (const { key } of store.list(gapsPrefix(root))) {
    const gap = parseGapKey(root, key)
    if (gap !== null) gaps.push(gap)
  }
  return gaps
}

export const gapProblem = ({ partition, begin, end }: Gap): string =>
  `partition ${partition}: offsets ${begin} to ${end} are in no object: the log deleted them before they were archived`

/** FatalError, with the key, where it cannot be read, or says something else than its name. */
export async function readManifest(store: ObjectStore, location: ArchiveLocation, name: ManifestName): Promise<Manifest> {
  const bytes = await store.get(name.key)
  if (bytes === null) throw new FatalError(`archive: ${name.key} was listed and cannot be read; somebody removes objects of the archive`)
  const manifest = decodeManifest(bytes, name.key)
  const expected = { topic: location.topic, generation: location.generation, partition: name.partition, begin: name.begin, end: name.end }
  for (const [field, value] of Object.entries(expected)) {
    const found = manifest[field as keyof typeof expected]
    if (found !== value)
      throw new FatalError(`archive manifest ${name.key}: expected ${field} ${value}, found ${found}: it is not the one of that name`)
  }
  return manifest
}

/** The manifests of a topic's archive, by partition and offset. Small: about one per hour of market, or per 8 MB. */
export async function readManifests(store: ObjectStore, location: ArchiveLocation): Promise<Manifest[]> {
  const manifests: Manifest[] = []
  for (const name of await listManifests(store, location)) manifests.push(await readManifest(store, location, name))
  return manifests
}

/** How many records of a topic are in the archive, all partitions together. */
export async function countArchived(store: ObjectStore, location: ArchiveLocation): Promise<number> {
  return (await readManifests(store, location)).reduce((sum, { count }) => sum + count, 0)
}

/** The records of one object, verbatim. FatalError, with the key, where the object is missing or not the one the manifest describes. */
export async function readObject(store: ObjectStore, manifest: Manifest): Promise<LogRecord[]> {
  const bytes = await store.get(manifest.key)
  if (bytes === null) throw new FatalError(`archive object ${manifest.key} is missing (its manifest counts ${manifest.count} records)`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== manifest.sha256) {
    throw new FatalError(
      `archive object ${manifest.key} was altered: expected ${manifest.size} bytes with sha256 ${manifest.sha256}, found ${bytes.length} with ${sha256}`,
    )
  }
  return decodeParquet(bytes, manifest.topic, manifest.key)
}

/** What is wrong between two manifests that follow each other; null where nothing is, and between partitions. */
export function joinProblem(before: Manifest, after: Manifest): string | null {
  if (after.partition !== before.partition || after.begin === before.end) return null
  const what =
    after.begin > before.end
      ? `offsets ${before.end} to ${after.begin} are in no object`
      : `offsets ${after.begin} to ${before.end} are in two`
  return `partition ${after.partition}: ${what} (between ${before.key} and ${after.key})`
}

/**
 * All records of a topic's archive in log order, partition after partition; one object in memory at a time. FatalError where objects do
 * not join: what is made of a market with a hole in it would be another market's.
 */
export async function* readArchive(
  store: ObjectStore,
  location: ArchiveLocation,
  { partition, fromOffset = 0 }: Readonly<{ partition?: number; fromOffset?: number }> = {},
): AsyncGenerator<LogRecord> {
  const gaps = await listGaps(store, location)
  let previous: Manifest | null = null
  for (const manifest of await readManifests(store, location)) {
    if ((partition !== undefined && manifest.partition !== partition) || manifest.end <= fromOffset) continue
    const gap = gaps.find((found) => found.partition === manifest.partition && found.begin < manifest.end && found.end > manifest.begin)
    const problem = (previous === null ? null : joinProblem(previous, manifest)) ?? (gap === undefined ? null : gapProblem(gap))
    if (problem !== null)
      throw new FatalError(`archive of ${location.topic}: ${problem}; flipstream archive verify tells all that is missing`)
    previous = manifest
    for (const record of await readObject(store, manifest)) if (record.offset >= fromOffset) yield record
  }
}
