import type { Archive } from '#lib/archive/archive.ts'
import { listManifests, readManifest, readObject } from '#lib/archive/read.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { itemKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import { partitionOfKey } from '#lib/stream/partitioner.ts'
import type { ScoredListing } from '#schemas/types.ts'

/** An axie, or one listing of it. */
export type Subject = Readonly<{ tokenId: string; listingId: string | null }>

const number = /^#?(\d{1,20})$/
/** An alert's id begins with its listing's. */
const listing = /^(axie:(\d{1,20}):\d{1,16})(?::[\w-]{1,40})?$/
const address = /\/axies?\/(\d{1,20})\/?(?:[?#].*)?$/

/** An axie's number, a listing's or an alert's id, or the address of an axie's page on the marketplace. RejectedError where it is none. */
export function readSubject(text: string): Subject {
  const given = text.trim()
  const [, listingId, tokenId] = listing.exec(given) ?? []
  if (listingId !== undefined && tokenId !== undefined) return { tokenId, listingId }
  const [, found] = number.exec(given) ?? address.exec(given) ?? []
  if (found !== undefined) return { tokenId: found, listingId: null }
  const shown = JSON.stringify(given.slice(0, 80))
  throw new RejectedError(
    'no_subject',
    `expected an axie's number, a listing (axie:<number>:<time>) or a marketplace address, found ${shown}`,
  )
}

export const isAbout = ({ tokenId, listingId }: Subject, { listing }: ScoredListing): boolean =>
  listing.item.tokenId === tokenId && (listingId === null || listing.listingId === listingId)

/** Looked through at first, from the newest back; then several times as many each time. Only what has the axie's key is decoded. */
const firstWindow = 2_000
const growth = 8

/** The newest record of it in topic listings.scored; null where there is none. One partition is read, as its key says which. */
export async function findScored(
  { log, codec, prefix }: Readonly<{ log: Log; codec: Codec; prefix: string }>,
  subject: Subject,
): Promise<ScoredListing | null> {
  const topic = topicName(prefix, 'listings.scored')
  const admin = log.admin()
  const offsets = await admin.offsets(topic).finally(() => admin.close())
  const partition = partitionOfKey(itemKey(subject.tokenId), offsets.length)
  const { first, next } = offsets.find((one) => one.partition === partition) ?? { first: 0, next: 0 }
  for (let [end, size] = [next, firstWindow]; end > first; size *= growth) {
    const begin = Math.max(first, end - size)
    const records: LogRecord[] = []
    const done = Promise.withResolvers<void>()
    const take = (batch: readonly LogRecord[]) => {
      for (const record of batch) if (record.offset < end && record.key === itemKey(subject.tokenId)) records.push(record)
      if ((batch.at(-1)?.offset ?? 0) >= end - 1) done.resolve()
    }
    const following = await log.follow([topic], take, { partition, startAt: () => begin })
    await Promise.race([done.promise, following.caughtUp, following.finished])
    await following.stop()
    const found = await newestOf(records, codec, subject)
    if (found !== null) return found
    end = begin
  }
  return null
}

/** The same in an archive: objects of its own partition first, from the newest back. FatalError where the archive holds no such topic. */
export async function findArchivedScored(archive: Archive, subject: Subject): Promise<ScoredListing | null> {
  const topic = await archive.newest('listings.scored')
  const [codec, location] = [archive.codec(topic), archive.location(topic)]
  const names = await listManifests(archive.store, location)
  // A partition without an object is not known of: then it may be another one.
  const own = partitionOfKey(itemKey(subject.tokenId), 1 + Math.max(...names.map(({ partition }) => partition)))
  const isOther = ({ partition }: { partition: number }) => Number(partition !== own)
  for (const name of names.sort((a, b) => isOther(a) - isOther(b) || b.begin - a.begin)) {
    const records = await readObject(archive.store, await readManifest(archive.store, location, name))
    const ofAxie = records.filter(({ key }) => key === itemKey(subject.tokenId))
    const found = await newestOf(ofAxie, codec, subject)
    if (found !== null) return found
  }
  return null
}

async function newestOf(records: readonly LogRecord[], codec: Codec, subject: Subject): Promise<ScoredListing | null> {
  for (const { value } of records.toReversed()) {
    const scored = await decodeKnown(codec, 'ScoredListing', value)
    if (scored !== null && isAbout(subject, scored)) return scored
  }
  return null
}
