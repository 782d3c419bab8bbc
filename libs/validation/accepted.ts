import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FatalError } from '#lib/errors/errors.ts'
import type { Source } from '#schemas/types.ts'
import { type Profile, profileSchema } from './profile.ts'

/** Where the last accepted data set of a market is remembered: a profile of it, not its rows. One for each kind of market. */
export const acceptedFile = (root: string, source: Source): string => join(root, '.flipstream', 'accepted', `${source}.json`)

export async function readAccepted(file: string): Promise<Profile | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return profileSchema.parse(JSON.parse(text))
  } catch (error) {
    throw new FatalError(`${file}: expected the profile of a data set, found ${(error as Error).message}: remove the file`)
  }
}

/** Whole or not at all: who is killed in the middle leaves the old one. */
export async function writeAccepted(file: string, profile: Profile): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, JSON.stringify(profile))
  await rename(temporary, file)
}
