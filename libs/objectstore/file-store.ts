import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { randomId } from '#lib/clock/clock.ts'
import { FatalError, RetryableError } from '#lib/errors/errors.ts'
import { assertObjectKey, type ObjectEntry, type ObjectStore, proveCreateOnly } from './object-store.ts'

/** A dot keeps the directory out of every listing: no key's segment begins with one. */
const partialDirectory = '.partial'

/**
 * Objects as files under one directory, which may be shared by processes of one machine.
 * Create-only and atomic: the bytes go to a temporary file, and `link` gives them their name, or fails where that name is taken.
 */
export function createFileStore(options: { directory: string }): ObjectStore {
  const { directory } = options
  const pathOf = (key: string) => {
    assertObjectKey(key)
    return join(directory, ...key.split('/'))
  }
  const store: ObjectStore = {
    putIfAbsent: (key, bytes) => translated(directory, () => createFile(directory, pathOf(key), bytes)),
    get: (key) => translated(directory, () => orNull(readFile(pathOf(key)))),
    stat: (key) =>
      translated(directory, async () => {
        const found = await orNull(stat(pathOf(key), { bigint: true }))
        return found?.isFile() ? { size: Number(found.size), etag: `${found.size}-${found.ino}-${found.mtimeNs}` } : null
      }),
    async *list(prefix) {
      yield* await translated(directory, () => listFiles(directory, prefix))
    },
    remove: (key) => translated(directory, () => rm(pathOf(key), { force: true })),
    probe: () => proveCreateOnly(store, `the directory ${directory}`),
  }
  return store
}

async function createFile(directory: string, path: string, bytes: Buffer): Promise<'created' | 'exists'> {
  if ((await orNull(stat(path))) !== null) return 'exists'
  const temporary = await writeTemporary(join(directory, partialDirectory), bytes)
  try {
    await mkdir(dirname(path), { recursive: true })
    await link(temporary, path)
    await syncDirectory(dirname(path))
    return 'created'
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists'
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeTemporary(directory: string, bytes: Buffer): Promise<string> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, randomId())
  const file = await open(path, 'wx')
  try {
    await file.writeFile(bytes)
    await file.sync()
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** A new name is durable only once its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function listFiles(directory: string, prefix: string): Promise<ObjectEntry[]> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1)
  const found = (await orNull(readdir(join(directory, start), { recursive: true, withFileTypes: true }))) ?? []
  const keys = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length).split(sep).filter(Boolean).join('/'))
    .filter((key) => key.startsWith(prefix) && !key.startsWith(partialDirectory))
    .sort()
  const entries: ObjectEntry[] = []
  for (const key of keys) {
    const file = await orNull(stat(join(directory, key)))
    if (file !== null) entries.push({ key, size: file.size })
  }
  return entries
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException)?.code

async function orNull<Value>(promise: Promise<Value>): Promise<Value | null> {
  try {
    return await promise
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** What may pass by itself, or by somebody making room. Everything else (permissions, a file where a directory should be) is fatal. */
const passing = new Map([
  ['ENOSPC', 'no space is left on the device: free some'],
  ['EDQUOT', 'the disk quota is used up: free some'],
  ['EMFILE', 'too many files are open'],
  ['EBUSY', 'the file is busy'],
  ['EIO', 'the device does not answer'],
])

async function translated<Value>(directory: string, operation: () => Promise<Value>): Promise<Value> {
  try {
    return await operation()
  } catch (error) {
    if (error instanceof FatalError) throw error
    const reason = passing.get(codeOf(error) ?? '')
    if (reason !== undefined) throw new RetryableError(`object store in ${directory}: ${reason}`, { cause: error })
    throw new FatalError(`object store in ${directory}: ${(error as Error).message}`, { cause: error })
  }
}
