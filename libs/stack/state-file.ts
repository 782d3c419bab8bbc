import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'

/**
 * What the last start left behind. Only a hint: whoever reads it checks every process against the live one, and a file that is
 * corrupt, half-written or of another version counts as none.
 */
const ports = z.record(z.string(), z.int().min(1).max(65_535))

const serverState = z.object({
  pid: z.int().positive(),
  startTime: z.string(),
  ports,
  /** Whether it has served and been told what it must know. False: somebody was starting it. */
  ready: z.boolean(),
})

const stackState = z.object({
  version: z.literal(1),
  /** The artifacts (artifactsDirectory) that the servers were started from. */
  artifacts: z.string().optional(),
  servers: z.object({ kafka: serverState, registry: serverState, store: serverState }).partial(),
  /** The host's ports of the containers, where they were started instead. */
  docker: z.object({ broker: z.int(), registry: z.int(), store: z.int() }).optional(),
})

export type ServerState = Readonly<z.infer<typeof serverState>>
export type StackState = z.infer<typeof stackState>

export const emptyState = (): StackState => ({ version: 1, servers: {} })

export async function readState(file: string): Promise<StackState> {
  try {
    return stackState.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return emptyState()
  }
}

/** Writes all or nothing, in the order of the calls: a reader never sees half a file. One process writes at a time (the stack's lock). */
export function createStateWriter(file: string): (state: StackState) => Promise<void> {
  let last: Promise<void> = Promise.resolve()
  return (state) => {
    const text = JSON.stringify(state, null, 2)
    last = last.then(async () => {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(`${file}.unfinished`, text)
      await rename(`${file}.unfinished`, file)
    })
    return last
  }
}
