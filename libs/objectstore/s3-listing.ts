import type { Client } from 'minio'
import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectEntry } from './object-store.ts'

/** The largest page that S3 gives. */
const pageKeys = 1_000

/**
 * All keys under a prefix, page after page. The next page is asked for by the last key of the one before (`start-after`), never by the
 * server's continuation token: S3Proxy gives the token percent-encoded and reads it back as it is, so that a key which holds `=` or `/`
 * begins the listing anew, for ever. Keys in order are what paging by key stands on: a page that does not go on is refused.
 */
export async function* listKeys(client: Client, bucket: string, prefix: string): AsyncGenerator<ObjectEntry> {
  let last: string | null = null
  for (;;) {
    const { objects, isTruncated } = await client.listObjectsV2Query(bucket, prefix, '', '', pageKeys, last ?? '')
    for (const { name, size } of objects) {
      if (name === undefined) continue
      if (last !== null && !isAfter(name, last)) throw notInOrder(prefix, last, name)
      last = name
      yield { key: name, size }
    }
    if (!isTruncated) return
    if (objects.length === 0) throw emptyPage(prefix, last)
  }
}

const isAfter = (key: string, other: string): boolean => Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0

const notInOrder = (prefix: string, last: string, found: string) =>
  new FatalError(
    `list ${prefix}: expected a key after ${JSON.stringify(last)} in the order of UTF-8 bytes, found ${JSON.stringify(found)}. ` +
      'The server repeats a page or does not sort: use a store whose listing honours start-after',
  )

const emptyPage = (prefix: string, last: string | null) =>
  new FatalError(`list ${prefix}: the server says that more keys follow ${JSON.stringify(last)}, and gives a page without any`)
