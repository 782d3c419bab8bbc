import { hourMillis } from '#lib/clock/durations.ts'

/**
 * Where things lie in the object store. All of a topic's archive is under one root:
 *
 *   <run>/archive/<topic>/g=1/dt=2022-04-11/hour=06/p=00/<first offset>-<last offset>.parquet    the records
 *   <run>/archive/<topic>/g=1/manifests/p=00/<begin>-<end>.json     what each object holds; an object without one is not part of the archive
 *   <run>/archive/<topic>/g=1/seals/p=00/<begin>.json               where the object that begins there ends, decided once for ever
 *   <run>/archive/<topic>/g=1/gaps/p=00/<from>-<to>.json            offsets that the log deleted before they were archived
 *   <run>/archive/<topic>/g=1/schemas/<id>.json                     writer schemas, so that the values explain themselves
 *
 * `begin` and `end` are half-open ranges of log offsets that join without gap (transaction markers take offsets too, so the first and
 * last record may lie inside). Numbers are padded: the order of keys is the order of offsets. g is the generation: a topic that was
 * rebuilt, and counts its offsets anew, begins another.
 */
export type ArchiveLocation = Readonly<{
  /** The run's prefix as topics have it, with its dot; empty for the live deployment. */
  prefix: string
  topic: string
  generation: number
}>

export type OffsetRange = Readonly<{ begin: number; end: number }>

/** Where all archived topics of a run, or of the live deployment, lie. */
export function archivesPrefix(prefix: string): string {
  const run = prefix.replace(/\.$/, '')
  return `${run === '' ? '' : `${run}/`}archive/`
}

export const archiveRoot = ({ prefix, topic, generation }: ArchiveLocation): string => `${archivesPrefix(prefix)}${topic}/g=${generation}`

/** Which topic an object belongs to; null for names that are not ours. */
export function archivedTopicOf(prefix: string, key: string): Pick<ArchiveLocation, 'topic' | 'generation'> | null {
  const match = /^([^/]+)\/g=(\d+)\//.exec(key.slice(archivesPrefix(prefix).length))
  return match === null ? null : { topic: match[1]!, generation: Number(match[2]) }
}

const padded = (value: number, digits: number) => String(value).padStart(digits, '0')
const partitionPart = (partition: number) => `p=${padded(partition, 2)}`
const offsetPart = (offset: number) => padded(offset, 20)

/** The hour, in UTC, of a time in milliseconds: what an object's path says of its records. */
export const hourOf = (millis: number): number => Math.floor(millis / hourMillis)

export function objectKey(root: string, object: { hour: number; partition: number; firstOffset: number; lastOffset: number }): string {
  const [date, time] = new Date(object.hour * hourMillis).toISOString().split('T') as [string, string]
  const path = `dt=${date}/hour=${time.slice(0, 2)}/${partitionPart(object.partition)}`
  return `${root}/${path}/${offsetPart(object.firstOffset)}-${offsetPart(object.lastOffset)}.parquet`
}

export const manifestsPrefix = (root: string, partition?: number): string =>
  `${root}/manifests/${partition === undefined ? '' : `${partitionPart(partition)}/`}`

export const manifestKey = (root: string, partition: number, { begin, end }: OffsetRange): string =>
  `${manifestsPrefix(root, partition)}${offsetPart(begin)}-${offsetPart(end)}.json`

/** Null for names that are not ours: a server's leftovers, somebody's notes. */
export const parseManifestKey = (root: string, key: string) => parseRangeKey(manifestsPrefix(root), key)

function parseRangeKey(prefix: string, key: string): (OffsetRange & { partition: number }) | null {
  if (!key.startsWith(prefix)) return null
  const match = /^p=(\d+)\/(\d{20})-(\d{20})\.json$/.exec(key.slice(prefix.length))
  return match === null ? null : { partition: Number(match[1]), begin: Number(match[2]), end: Number(match[3]) }
}

export const sealKey = (root: string, partition: number, begin: number): string =>
  `${root}/seals/${partitionPart(partition)}/${offsetPart(begin)}.json`

export const gapsPrefix = (root: string): string => `${root}/gaps/`

export const gapKey = (root: string, partition: number, { begin, end }: OffsetRange): string =>
  `${gapsPrefix(root)}${partitionPart(partition)}/${offsetPart(begin)}-${offsetPart(end)}.json`

export const parseGapKey = (root: string, key: string) => parseRangeKey(gapsPrefix(root), key)

export const schemaKey = (root: string, schemaId: number): string => `${root}/schemas/${schemaId}.json`

export const isDataKey = (key: string): boolean => /\/dt=[^/]+\/hour=[^/]+\/p=\d+\/\d{20}-\d{20}\.parquet$/.test(key)
