import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { FatalError } from '#lib/errors/errors.ts'

/**
 * As sha256sum writes it: digest, two spaces, path. After a change of pom.xml, in the folder that Maven filled (servers-….unfinished):
 *   find kafka registry store -type f | LC_ALL=C sort | xargs sha256sum > libs/stack/artifacts.sha256
 */
const digestsFile = fileURLToPath(new URL('artifacts.sha256', import.meta.url))
/** Maven's own notes differ from one time to the next. */
const folders = ['kafka', 'registry', 'store']

/** Throws FatalError unless the folder holds exactly the files that were tested: a repository, or who is between, may give others. */
export async function requireDigests(directory: string): Promise<void> {
  const problems = await digestProblems(directory, await readFile(digestsFile, 'utf8'))
  if (problems.length === 0) return
  throw new FatalError(
    [
      'What Maven brought is not what this version of flipstream was tested with:',
      ...problems.slice(0, 3).map((problem) => `  ${problem}`),
      ...(problems.length > 3 ? [`  … and ${problems.length - 3} more`] : []),
      'Nothing of it is run. Ask whoever runs the mirror of Maven (settings.xml), or use Docker.',
    ].join('\n'),
  )
}

export async function digestProblems(directory: string, expected: string): Promise<string[]> {
  const wanted = new Map(
    expected
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
  const problems: string[] = []
  for (const path of await filesBelow(directory)) {
    const [found, digest] = [await digestOf(join(directory, path)), wanted.get(path)]
    wanted.delete(path)
    if (found !== digest) problems.push(`${path}: expected ${digest === undefined ? 'no such file' : `sha256 ${digest}`}, found ${found}`)
  }
  return [...problems, ...[...wanted.keys()].map((path) => `${path}: is missing`)]
}

async function filesBelow(directory: string): Promise<string[]> {
  const listed = await Promise.all(
    folders.map((folder) => readdir(join(directory, folder), { recursive: true, withFileTypes: true }).catch(() => [])),
  )
  return listed
    .flat()
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
