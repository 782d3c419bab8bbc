import { existsSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { UsageError } from '#lib/app/usage-error.ts'
import { type Archive, createArchive } from '#lib/archive/archive.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { addressesFromEnvironment, type S3Settings } from '#lib/stack/addresses.ts'
import { checkoutRoot, resolveStack, type Stack } from '#lib/stack/resolve.ts'
import { type Backend, localBucket, openBackend } from './backend.ts'
import { isRunName, listRuns } from './runs.ts'

type Environment = Readonly<Record<string, string | undefined>>

export type OpenedArchive = Readonly<{
  archive: Archive
  /** The servers that hold what was archived, where the archive is a run's and they answer. */
  source: Readonly<{ stack: Stack; backend: Backend; prefix: string }> | null
  /** Why there is no source: for people who expected one. */
  sourceMissing: string
  close(): Promise<void>
}>

/**
 * Opens an archive by what people call it. A bucket's or directory's own path may end in the `archive` that all its objects lie in.
 * UsageError where there is no such thing; FatalError where a server that it needs is away.
 */
export async function openArchive(uri: string, env: Environment): Promise<OpenedArchive> {
  if (uri.startsWith('s3://')) return openBucket(uri, env)
  if (existsSync(uri) && statSync(uri).isDirectory()) return openDirectory(uri)
  if (isRunName(uri)) return openRun(uri, env)
  throw new UsageError(
    `--archive ${uri}: expected ${archiveForms}; there is no such directory, and runs have names such as 20261123T064500Z-recorded`,
  )
}

/** The archive of a run on the servers that `npm start` uses. */
export async function openRun(name: string, env: Environment): Promise<OpenedArchive> {
  const prefix = `${name}.`
  try {
    const stack = await resolveStack({ env, onProgress: say, allowEmbedded: true })
    const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}archive` })
    const archive = createArchive({ name, store: backend.store, prefix })
    if (stack.kind === 'embedded')
      return { archive, source: null, sourceMissing: 'a run inside one process leaves no log', close: backend.close }
    return { archive, source: { stack, backend, prefix }, sourceMissing: '', close: backend.close }
  } catch (error) {
    // The store alone can still be read where the environment says where it is.
    const { s3 } = addressesFromEnvironment(env)
    if (!(error instanceof FatalError) || s3 === undefined) throw error
    const archive = createArchive({ name, store: createS3Store({ ...s3, bucket: localBucket }), prefix })
    return { archive, source: null, sourceMissing: error.message, close: async () => {} }
  }
}

/** The newest run of this checkout. UsageError where there is none. */
export function lastRun(): string {
  const last = listRuns(checkoutRoot).at(-1)
  if (last === undefined) throw new UsageError(`no run was made here yet: npm start makes one. Or give --archive: ${archiveForms}`)
  return last.name
}

async function openBucket(uri: string, env: Environment): Promise<OpenedArchive> {
  const [, bucket, path] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? []
  if (bucket === undefined) throw new UsageError(`--archive ${uri}: expected s3://bucket/prefix`)
  const store = createS3Store({ ...(await s3Settings(env)), bucket })
  return withoutSource(createArchive({ name: uri, store, prefix: withoutArchive(path ?? '') }))
}

function openDirectory(path: string): OpenedArchive {
  const directory = basename(resolve(path)) === 'archive' ? dirname(resolve(path)) : path
  return withoutSource(createArchive({ name: path, store: createFileStore({ directory }), prefix: '' }))
}

const withoutArchive = (path: string): string => path.replace(/\/+$/, '').replace(/(^|\/)archive$/, '')

const withoutSource = (archive: Archive): OpenedArchive => ({
  archive,
  source: null,
  sourceMissing: `${archive.name} does not say which log it was made from`,
  close: async () => {},
})

async function s3Settings(env: Environment): Promise<S3Settings> {
  const { s3 } = addressesFromEnvironment(env)
  if (s3 !== undefined) return s3
  const stack = await resolveStack({ env, onProgress: say, allowEmbedded: false })
  if (stack.kind === 'embedded') throw new FatalError('no S3 server: set S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY')
  return stack.s3
}

const say = (line: string): void => void process.stderr.write(`${line}\n`)
