import { exitCodes } from '#lib/app/exit-codes.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createProgress } from '#lib/running/progress.ts'
import { parseUpArguments, upHelp } from './arguments.ts'
import { playMarket } from './play.ts'
import { formatSummary } from './summary.ts'

type Environment = Readonly<Record<string, string | undefined>>

const sameKeyMillis = 1_000

/** `flipstream up`: see arguments.ts for what it takes, play.ts for what it does. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(upHelp)
    return exitCodes.done
  }
  const options = parseUpArguments(argv)
  const progress = createProgress({ clock: systemClock, stderr: process.stderr, stdout: options.json ? process.stderr : process.stdout })
  const interrupted = new AbortController()
  let firstSignalAt = 0
  const onSignal = (signal: NodeJS.Signals) => {
    // One ctrl-C arrives twice: the terminal tells everyone in it, and npm passes on what it was told.
    if (interrupted.signal.aborted && systemClock.now() - firstSignalAt < sameKeyMillis) return
    if (interrupted.signal.aborted) {
      progress.say('interrupted again: stopping at once')
      process.exit(exitCodes.failed)
    }
    progress.say(`${signal}: draining (once more to stop at once)`)
    firstSignalAt = systemClock.now()
    interrupted.abort(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  const summary = await playMarket(options, { argv, env, progress, interrupted: interrupted.signal }).finally(progress.end)
  if (summary === null) return exitCodes.done
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`)
  else process.stdout.write(formatSummary(summary))
  return summary.problems.length === 0 ? exitCodes.done : exitCodes.failed
}
