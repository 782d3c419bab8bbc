import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#lib/clock/clock.ts'

/** Results of slow work, each under a hash of everything that it depends on. It may forget anything at any time. */
export interface Cache<Value> {
  /** Null where nothing is there, and where it is in any doubt. */
  read(key: string): Promise<Value | null>
  /** A disk that takes nothing is told, and no error. */
  write(key: string, value: Value): Promise<void>
}

export type FolderCacheOptions = Readonly<{
  directory: string
  /** Beyond it, what was used longest ago is removed. */
  maxBytes: number
  clock: Clock
  /** A line for people. */
  say: (line: string) => void
}>

export type Format<Value> = Readonly<{
  /** How its files end. */
  extension: string
  /** For people: what is kept. */
  what: string
  encode(value: Value): Buffer
  decode(bytes: Buffer): Value
}>

const hashBytes = 32
const hashOf = (content: Buffer): Buffer => createHash('sha256').update(content).digest()

/** One file an entry: the hash of the rest, and the rest. Written aside and renamed, so that nobody meets half of one. */
export function createFolderCache<Value>(
  { directory, maxBytes, clock, say }: FolderCacheOptions,
  { extension, what, encode, decode }: Format<Value>,
): Cache<Value> {
  const fileOf = (key: string): string => join(directory, `${key}.${extension}`)

  async function makeRoom(): Promise<void> {
    // With what was written aside by those who were killed.
    const names = await readdir(directory)
    const files = await Promise.all(names.map(async (name) => ({ file: join(directory, name), ...(await stat(join(directory, name))) })))
    let bytes = 0
    for (const { file, size } of files.sort((a, b) => b.mtimeMs - a.mtimeMs)) {
      bytes += size
      if (bytes > maxBytes) await rm(file, { force: true })
    }
  }

  return {
    async read(key) {
      try {
        const bytes = await readFile(fileOf(key))
        const content = bytes.subarray(hashBytes)
        if (!hashOf(content).equals(bytes.subarray(0, hashBytes))) return null
        const value = decode(content)
        const usedAt = clock.now() / 1_000
        await utimes(fileOf(key), usedAt, usedAt)
        return value
      } catch {
        return null
      }
    },
    async write(key, value) {
      const aside = `${fileOf(key)}.${process.pid}`
      try {
        const content = encode(value)
        await mkdir(directory, { recursive: true })
        await writeFile(aside, Buffer.concat([hashOf(content), content]))
        await rename(aside, fileOf(key))
        await makeRoom()
      } catch (error) {
        await rm(aside, { force: true }).catch(() => {})
        say(`${what} not kept for the next training: ${(error as Error).message}`)
      }
    },
  }
}
