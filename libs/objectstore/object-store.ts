import { FatalError } from '#lib/errors/errors.ts'

/**
 * Objects that are written once and never changed: archive, models, rule sets.
 * Adapters: `s3-store.ts` (any S3 server), `file-store.ts` (a directory), `memory-store.ts` (tests). One contract suite runs on all three.
 *
 * Errors are those of libs/errors/errors.ts: RetryableError when the store is away or full (the same call may succeed later),
 * FatalError when it can never work (credentials refused, malformed key, a store that ignores conditions).
 */
export interface ObjectStore {
  /**
   * Writes a whole object, unless one of that name exists: of any number of writers exactly one reads 'created'.
   * An existing object is never touched, whatever its bytes: whoever reads 'exists' compares. Resolved means durable.
   * RetryableError: nothing is known, the object may appear even later; ask again with the same bytes.
   */
  putIfAbsent(key: string, bytes: Buffer, options?: PutOptions): Promise<'created' | 'exists'>
  /** The whole object, or null where there is none. */
  get(key: string): Promise<Buffer | null>
  /** Size in bytes, and an opaque tag that differs when the content does. Null where there is no object. */
  stat(key: string): Promise<ObjectStat | null>
  /**
   * Keys that begin with `prefix`, in the order of their UTF-8 bytes. Half-written objects and a server's own leftovers are not shown.
   * Collect the keys before removing any: some servers (S3Proxy) end a listing early when the key where a page ended is gone.
   */
  list(prefix: string): AsyncIterable<ObjectEntry>
  /** Removes the object; nothing happens where there is none. */
  remove(key: string): Promise<void>
  /** Proves that this store honours create-only writes, by trying one. FatalError when it does not. Leaves one small object behind. */
  probe(): Promise<void>
}

export type PutOptions = Readonly<{
  contentType?: string
  /** Hash of the bytes, hexadecimal, where the caller knows it already: spares hashing them again. */
  sha256?: string
}>

export type ObjectStat = Readonly<{ size: number; etag: string }>

export type ObjectEntry = Readonly<{ key: string; size: number }>

const maxKeyLength = 900

/**
 * Keys every adapter can hold: relative paths of printable ASCII that need no escaping in a URL's path, an XML list or a file name.
 * A segment may not begin with a dot (the file store keeps half-written files there), and no key may be a directory of another.
 */
export function assertObjectKey(key: string): void {
  const segments = key.split('/')
  const valid = key.length <= maxKeyLength && segments.every((segment) => /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(segment))
  if (!valid) {
    throw new FatalError(
      `object key ${JSON.stringify(key.slice(0, 100))}: expected segments of letters, digits, '.', '_', '=' and '-' divided by '/', at most ${maxKeyLength} characters`,
    )
  }
}

const probeKey = 'probes/create-only'

/** The proof behind every adapter's `probe`: the second of two different writes to one key must be refused and must change nothing. */
export async function proveCreateOnly(store: Pick<ObjectStore, 'putIfAbsent' | 'get'>, where: string): Promise<void> {
  const first = Buffer.from('flipstream: the first write of a key stays\n')
  const second = Buffer.from('flipstream: a second write must be refused\n')
  await store.putIfAbsent(probeKey, first)
  const answer = await store.putIfAbsent(probeKey, second)
  const kept = await store.get(probeKey)
  if (answer !== 'exists' || kept === null || !kept.equals(first)) {
    throw new FatalError(
      `${where} does not honour create-only writes: expected a second write of ${probeKey} to be refused, found it ${answer === 'created' ? 'accepted' : 'changed'}. ` +
        'Use a store that supports If-None-Match: * (an archive must never be overwritten)',
    )
  }
}
