import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '#lib/app/usage-error.ts'
import type { Source } from '#schemas/types.ts'

/**
 * Every simulated start is a run of its own: its name is in front of its topics, groups, subjects of state and archive, so counts are
 * true and nothing is remembered by accident. Local notes of each run (what it was, its logs, its summary) are kept in one directory.
 */
export type Run = Readonly<{
  /** `<utc>-<source>`, for example 20261123T064500Z-recorded. */
  name: string
  source: Source
  /** In front of every topic and group: the name and a dot. */
  prefix: string
  /** Holds run.json, one log file per app, and summary.json once it ended. */
  directory: string
}>

export type RunNote = Readonly<{
  name: string
  source: Source
  startedAt: string
  arguments: readonly string[]
  /** The address of the market that a live run reads. */
  marketplace?: string
}>

export const runsDirectory = (root: string): string => join(root, '.flipstream', 'runs')

export function runName(startedAt: number, source: Source): string {
  return `${new Date(startedAt).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '')}-${source}`
}

/** Two starts in one second take different names: the directory decides who was first. */
export function createRun(
  root: string,
  source: Source,
  startedAt: number,
  argv: readonly string[],
  about: Pick<RunNote, 'marketplace'> = {},
): Run {
  mkdirSync(runsDirectory(root), { recursive: true })
  for (let second = 0; ; second++) {
    const name = runName(startedAt + second * 1_000, source)
    const directory = join(runsDirectory(root), name)
    try {
      mkdirSync(directory)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw error
    }
    const note: RunNote = { name, source, startedAt: new Date(startedAt).toISOString(), arguments: argv, ...about }
    // Whole or not at all: a run whose note was cut off would be passed over, and the real market would begin anew.
    writeFileSync(join(directory, 'run.json.new'), `${JSON.stringify(note, null, 2)}\n`)
    renameSync(join(directory, 'run.json.new'), join(directory, 'run.json'))
    return { name, source, prefix: `${name}.`, directory }
  }
}

/** The real market goes on where it was: one run for all starts on the same marketplace, until it is removed. */
export function continueLiveRun(root: string, marketplace: string, startedAt: number, argv: readonly string[]): Run {
  const last = listRuns(root).findLast((note) => note.name.endsWith('-live') && note.marketplace === marketplace)
  if (last === undefined) return createRun(root, 'live', startedAt, argv, { marketplace })
  return { name: last.name, source: 'live', prefix: `${last.name}.`, directory: join(runsDirectory(root), last.name) }
}

/** A replay of a run (flipstream replay) is named after it. */
export const isRunName = (name: string): boolean => /^\d{8}T\d{6}Z-(live|recorded|synthetic)(-replay)?$/.test(name)

/** Oldest first. A note that cannot be read is passed over: its topics still show up by their prefix. */
export function listRuns(root: string): RunNote[] {
  try {
    return readdirSync(runsDirectory(root))
      .filter(isRunName)
      .sort()
      .flatMap((name) => {
        try {
          return [JSON.parse(readFileSync(join(runsDirectory(root), name, 'run.json'), 'utf8')) as RunNote]
        } catch {
          return []
        }
      })
  } catch {
    return []
  }
}

export const removeRunNote = (root: string, name: string): void => rmSync(join(runsDirectory(root), name), { recursive: true, force: true })

/** What a command looks at: the run named, what PREFIX says (empty: a deployment without runs), or the last run of this checkout. */
export function prefixOfChoice(root: string, { run, prefix }: { run: string | null; prefix: string | undefined }): string {
  if (run?.trim() === '') throw new UsageError('--run: expected the name of a run, found nothing (flipstream runs ls lists them)')
  if (run !== null) return `${run}.`
  const last = listRuns(root).at(-1)
  return prefix ?? (last === undefined ? '' : `${last.name}.`)
}
