import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveLocation, archiveRoot, isDataKey } from './layout.ts'
import { logicalHash } from './logical-hash.ts'
import type { Manifest } from './manifest.ts'
import { gapProblem, joinProblem, listGaps, listManifests, readManifest, readObject } from './read.ts'

export type ArchiveVerdict = Readonly<{
  objects: number
  records: number
  bytes: number
  /** One line each, with the key: what is wrong. Empty where the archive proves itself. */
  problems: readonly string[]
}>

/**
 * Proves from the store alone that the archive of a topic holds every offset of its ranges once: the manifests of each partition join
 * without gap or overlap, each has its object, unaltered, with the records it counts, and there is no other object beside them.
 */
export async function verifyArchive(store: ObjectStore, location: ArchiveLocation): Promise<ArchiveVerdict> {
  const { manifests, problems } = await readableManifests(store, location)
  const gaps = await listGaps(store, location)
  for (const [index, manifest] of manifests.entries()) {
    const previous = manifests[index - 1]
    const problem = previous === undefined ? null : joinProblem(previous, manifest)
    const isRecorded = gaps.some(({ partition, end }) => partition === manifest.partition && end === manifest.begin)
    if (problem !== null && !isRecorded) problems.push(problem)
    problems.push(...(await objectProblems(store, manifest)))
  }
  for (const gap of gaps) problems.push(gapProblem(gap))
  problems.push(...(await strangers(store, location, manifests)))
  return {
    objects: manifests.length,
    records: manifests.reduce((sum, { count }) => sum + count, 0),
    bytes: manifests.reduce((sum, { size }) => sum + size, 0),
    problems,
  }
}

async function readableManifests(store: ObjectStore, location: ArchiveLocation): Promise<{ manifests: Manifest[]; problems: string[] }> {
  const manifests: Manifest[] = []
  const problems: string[] = []
  for (const name of await listManifests(store, location)) {
    try {
      manifests.push(await readManifest(store, location, name))
    } catch (error) {
      problems.push(fatalMessage(error))
    }
  }
  return { manifests, problems }
}

/** What can never work is a finding; a store that is away is not. */
function fatalMessage(error: unknown): string {
  if (error instanceof FatalError) return error.message
  throw error
}

async function objectProblems(store: ObjectStore, manifest: Manifest): Promise<string[]> {
  let records: LogRecord[]
  try {
    records = await readObject(store, manifest)
  } catch (error) {
    return [fatalMessage(error)]
  }
  const problems: string[] = []
  const outside = records.filter(
    ({ offset, partition }) => offset < manifest.begin || offset >= manifest.end || partition !== manifest.partition,
  )
  const unordered = records.filter(({ offset }, index) => index > 0 && offset <= records[index - 1]!.offset)
  if (records.length !== manifest.count) problems.push(`${manifest.key}: ${records.length} records, its manifest counts ${manifest.count}`)
  if (outside.length > 0)
    problems.push(`${manifest.key}: offset ${outside[0]!.offset} does not belong to ${manifest.begin} to ${manifest.end}`)
  if (unordered.length > 0) problems.push(`${manifest.key}: offset ${unordered[0]!.offset} is out of order or twice`)
  if (logicalHash(records) !== manifest.logicalHash) problems.push(`${manifest.key}: the records are not those of its manifest`)
  return problems
}

async function strangers(store: ObjectStore, location: ArchiveLocation, manifests: readonly Manifest[]): Promise<string[]> {
  const known = new Set(manifests.map(({ key }) => key))
  const problems: string[] = []
  for await (const { key } of store.list(`${archiveRoot(location)}/dt=`)) {
    if (isDataKey(key) && !known.has(key))
      problems.push(`${key}: an object without manifest (an archiver died in between, or is at work now)`)
  }
  return problems
}
