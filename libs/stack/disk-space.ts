import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { FatalError } from '#lib/errors/errors.ts'

export const neededBytes = 1024 ** 3

/** Bytes that an unprivileged process may still write where `directory` is, or will be. */
export async function freeBytes(directory: string): Promise<number> {
  let existing = directory
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, bsize } = await statfs(existing)
  return bavail * bsize
}

/** A full disk stops Kafka in ways that look like anything else: better to say so before. */
export async function requireDiskSpace(directory: string, free: (directory: string) => Promise<number> = freeBytes): Promise<void> {
  const available = await free(directory)
  if (available >= neededBytes) return
  throw new FatalError(
    `The disk is nearly full: expected at least ${megabytes(neededBytes)} free where ${directory} is, found ${megabytes(available)}. ` +
      'Free some space; `npx flipstream runs ls` shows what earlier runs left behind.',
  )
}

const megabytes = (bytes: number) => `${Math.floor(bytes / 1024 ** 2)} MiB`
