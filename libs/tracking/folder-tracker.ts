import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { randomId } from '#lib/clock/clock.ts'
import type { RecordedRun, Tracker } from './tracker.ts'

const runSchema = z.object({
  id: z.string(),
  name: z.string(),
  startedAt: z.number(),
  endedAt: z.number(),
  parameters: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.number()),
})

const runFile = 'run.json'

/**
 * `<directory>/<id>/`: run.json and the artifacts beside it. A run is put together under another name and gets its own last, so whoever
 * is killed in the middle leaves nothing that counts.
 */
export function createFolderTracker({ directory }: { directory: string }): Tracker {
  return {
    place: directory,

    async record({ artifacts, ...run }) {
      const id = `${utcOf(run.endedAt)}-${randomId().slice(0, 8)}`
      const temporary = join(directory, `.${id}`)
      const recorded: RecordedRun = { id, ...run }
      try {
        await mkdir(temporary, { recursive: true })
        for (const { path, bytes } of artifacts) {
          await mkdir(dirname(join(temporary, path)), { recursive: true })
          await writeFile(join(temporary, path), bytes)
        }
        await writeFile(join(temporary, runFile), `${JSON.stringify(recorded, null, 1)}\n`)
        await rename(temporary, join(directory, id))
      } catch (error) {
        await rm(temporary, { recursive: true, force: true })
        throw error
      }
      return recorded
    },

    async list() {
      const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw error
      })
      const runs = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => readRun(join(directory, name, runFile))))
      return runs.filter((run) => run !== null).sort((a, b) => a.endedAt - b.endedAt)
    },
  }
}

/** Null where it is no run of ours. */
async function readRun(file: string): Promise<RecordedRun | null> {
  try {
    return runSchema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return null
  }
}

const utcOf = (millis: number): string => new Date(millis).toISOString().slice(0, 19).replace(/[-:]/g, '')
