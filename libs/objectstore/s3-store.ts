import { createHash } from 'node:crypto'
import { Client } from 'minio'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import { assertObjectKey, type ObjectStore, type PutOptions, proveCreateOnly } from './object-store.ts'
import { s3Failure } from './s3-errors.ts'
import { listKeys } from './s3-listing.ts'
import { createS3Transport } from './s3-transport.ts'

export type S3StoreOptions = Readonly<{
  /** For example `http://127.0.0.1:9000`. */
  endpoint: string
  region: string
  /** Created when missing (and allowed). */
  bucket: string
  accessKey: string
  secretKey: string
  /** Without a byte from the server for this long, a request counts as failed. */
  timeoutMillis?: number
  maxConnections?: number
}>

/** One PUT each, never multipart: only a single PUT can be conditional on every server. The client's own limit for a part. */
const maxObjectBytes = 5 * 1024 ** 3

/** A put that conflicts with another is over within moments; if not, the caller waits longer than we would. */
const maxPutAttempts = 3

/** A server killed in mid-write may leave `<key>-<uuid>` behind (S3Proxy on a file system does). Those are nobody's objects. */
const leftover = /-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Objects on any server that speaks S3 and honours `If-None-Match: *`. */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const { bucket } = options
  const client = createClient(options)
  const attempt = async <Value>(action: string, operation: () => Promise<Value>): Promise<Value> => {
    try {
      return await operation()
    } catch (error) {
      throw s3Failure(error, `${action} in bucket ${bucket} at ${options.endpoint}`).error
    }
  }
  const bucketReady = once(() => attempt('object store', () => ensureBucket(client, options)))

  const store: ObjectStore = {
    async putIfAbsent(key, bytes, putOptions = {}) {
      assertObjectKey(key)
      await bucketReady()
      const where = `put ${key} in bucket ${bucket} at ${options.endpoint}`
      for (let attempt = 1; ; attempt++) {
        try {
          await client.putObject(bucket, key, bytes, bytes.length, headersOf(putOptions))
          return 'created'
        } catch (error) {
          const failure = s3Failure(error, where)
          if (failure.kind === 'exists') return 'exists'
          if (failure.kind === 'unknown') return settleUnknownPut(store, key, bytes, putOptions.sha256, failure.error)
          if (failure.kind !== 'conflict' || attempt === maxPutAttempts) throw failure.error
        }
      }
    },
    async get(key) {
      await bucketReady()
      return attempt(`get ${key}`, async () => {
        const body = await orNull(client.getObject(bucket, key))
        return body === null ? null : Buffer.concat(await body.toArray())
      })
    },
    async stat(key) {
      await bucketReady()
      const found = await attempt(`stat ${key}`, () => orNull(client.statObject(bucket, key)))
      return found === null ? null : { size: found.size, etag: found.etag }
    },
    async *list(prefix) {
      await bucketReady()
      const where = `list ${prefix} in bucket ${bucket} at ${options.endpoint}`
      try {
        for await (const entry of listKeys(client, bucket, prefix)) {
          if (!entry.key.endsWith('/') && !leftover.test(entry.key)) yield entry
        }
      } catch (error) {
        throw error instanceof FatalError ? error : s3Failure(error, where).error
      }
    },
    async remove(key) {
      await bucketReady()
      await attempt(`remove ${key}`, () => client.removeObject(bucket, key))
    },
    probe: () => proveCreateOnly(store, `the S3 server at ${options.endpoint}`),
  }
  return store
}

function createClient(options: S3StoreOptions): Client {
  const url = parseEndpoint(options.endpoint)
  const secure = url.protocol === 'https:'
  const { timeoutMillis = 30_000, maxConnections = 16 } = options
  const { transport, agent } = createS3Transport({ secure, timeoutMillis, maxConnections })
  return new Client({
    endPoint: url.hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    useSSL: secure,
    region: options.region,
    accessKey: options.accessKey,
    secretKey: options.secretKey,
    pathStyle: true,
    partSize: maxObjectBytes,
    // Retries are the caller's: the client's own would hide that a first attempt may have succeeded, and it writes to the console.
    retryOptions: { disableRetry: true },
    transport: transport as never,
    transportAgent: agent,
  })
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== '/' || url.username !== '') {
    // The endpoint is not repeated: people paste addresses that carry credentials.
    throw new FatalError('S3 endpoint: expected an address such as http://127.0.0.1:9000, without path or credentials')
  }
  return url
}

async function ensureBucket(client: Client, { bucket, region }: S3StoreOptions): Promise<void> {
  if (await client.bucketExists(bucket)) return
  try {
    await client.makeBucket(bucket, region)
  } catch (error) {
    // Another process may have been faster.
    if (!(await client.bucketExists(bucket))) throw error
  }
}

const headersOf = ({ contentType = 'application/octet-stream' }: PutOptions) => ({ 'If-None-Match': '*', 'Content-Type': contentType })

/**
 * The connection broke, or a 5xx came, after bytes were sent: the object may be there or not, and some servers reset the connection
 * of a large put that lost the race. What is stored now decides; where nothing is, the caller asks again (and may then read 'exists'
 * for its own, late, write: that is why every caller compares).
 */
async function settleUnknownPut(
  store: ObjectStore,
  key: string,
  bytes: Buffer,
  knownHash: string | undefined,
  cause: Error,
): Promise<'created' | 'exists'> {
  const found = await store.get(key)
  if (found === null) throw new RetryableError(`${cause.message}; the object is not there yet`, { cause })
  return hash(found) === (knownHash ?? hash(bytes)) ? 'created' : 'exists'
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

async function orNull<Value>(promise: Promise<Value>): Promise<Value | null> {
  try {
    return await promise
  } catch (error) {
    if (s3Failure(error, '').kind === 'missing') return null
    throw error
  }
}

/** Runs until it has succeeded once; a failure is forgotten, the next call tries again. */
function once(operation: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null
  return () => {
    running ??= operation().catch((error) => {
      running = null
      throw error
    })
    return running
  }
}
