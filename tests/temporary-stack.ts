import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createLocalStack, type LocalStack } from '#lib/stack/local-stack.ts'
import { stackDirectory } from '#lib/stack/resolve.ts'
import type { ServerName } from '#lib/stack/server.ts'
import type { ServerState } from '#lib/stack/state-file.ts'

export type TemporaryStack = LocalStack &
  Readonly<{
    directory: string
    /** What the stack told while it worked. */
    progress: readonly string[]
    /** The state file, with all servers in it once a start is over. */
    state(): Promise<{ servers: Record<ServerName, ServerState> }>
    /** Stops the servers and removes everything. */
    dispose(): Promise<void>
  }>

/** A local stack of a test's own, in a directory of its own. It shares the fetched servers with the checkout's stack. */
export async function createTemporaryStack(): Promise<TemporaryStack> {
  const onProgress = (line: string) => console.error(`servers: ${line}`)
  const { artifacts } = await createLocalStack({ directory: stackDirectory(), env: process.env, onProgress }).prepare()
  const root = await mkdtemp(join(tmpdir(), 'flipstream-stack-'))
  // Kafka takes a comma for the end of a directory's name, so there is none here.
  const directory = join(root, 'with a space and ümlaut and 家')
  await mkdir(directory)
  await symlink(artifacts, join(directory, basename(artifacts)))
  const progress: string[] = []
  const stack = createLocalStack({ directory, env: process.env, onProgress: (line) => progress.push(line) })
  return {
    ...stack,
    directory,
    progress,
    state: async () => JSON.parse(await readFile(join(directory, 'state.json'), 'utf8')),
    async dispose() {
      await stack.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}
