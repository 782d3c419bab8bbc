import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { FatalError, FencedError, RetryableError } from '#lib/errors/errors.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { lastRun, type OpenedArchive, openArchive, openRun } from '#lib/running/open-archive.ts'
import { createProgress } from '#lib/running/progress.ts'
import { checkoutRoot, resolveStack, type Stack } from '#lib/stack/resolve.ts'
import { replay } from './replay.ts'
import { parseReplayArguments, type ReplayArguments, replayHelp } from './replay-arguments.ts'
import { verifyReplay } from './verify-replay.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream replay`: see replay-arguments.ts for what it takes. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  const options = parseReplayArguments(argv)
  if (options === null) {
    process.stdout.write(replayHelp)
    return exitCodes.done
  }
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort(signal))
  const progress = createProgress({ clock, stderr: process.stderr, stdout: process.stdout })
  try {
    const recording = options.uri === null ? await openRun(options.run ?? lastRun(), env) : await openArchive(options.uri, env)
    const servers = await serversOf(recording, env)
    try {
      const context = { options, recording, prefix: prefixOf(recording, options), ...servers, env, progress, signal: interrupted.signal }
      return await (options.action === 'verify' ? verifyReplay(context) : replay(context))
    } finally {
      progress.end()
      await servers.backend.close()
      await recording.close()
    }
  } catch (error) {
    if (!(error instanceof FatalError || error instanceof FencedError || error instanceof RetryableError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

function prefixOf({ archive, source }: OpenedArchive, { to }: ReplayArguments): string {
  const prefix = `${to ?? (source === null ? 'replay' : `${archive.name}-replay`)}.`
  if (prefix === source?.prefix) throw new UsageError(`--to ${to}: a run cannot be replayed into its own topics`)
  return prefix
}

/** Where the recording's own log is; else the servers of this machine. */
async function serversOf({ source }: OpenedArchive, env: Environment): Promise<{ stack: Stack; backend: Backend }> {
  if (source !== null) return { stack: source.stack, backend: source.backend }
  const stack = await resolveStack({ env, onProgress: (line) => process.stderr.write(`${line}\n`), allowEmbedded: false })
  return { stack, backend: openBackend(stack, { root: checkoutRoot, clientId: 'replay' }) }
}
