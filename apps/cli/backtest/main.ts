import { existsSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Config, ConfigError, parseConfig } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { runLearning } from '#lib/backtest/learn/run-learning.ts'
import { formatLearning } from '#lib/backtest/learn/text.ts'
import { isLeakFree } from '#lib/backtest/lookahead.ts'
import { createProgressBar } from '#lib/backtest/progress.ts'
import { formatBacktest } from '#lib/backtest/report/text.ts'
import type { BacktestResult } from '#lib/backtest/result.ts'
import { runBacktest } from '#lib/backtest/run-backtest.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { backtestHelp, parseBacktestArguments } from './arguments.ts'
import { backtestSettings } from './config.ts'

/** `flipstream backtest`. Everything that can be wrong with arguments and environment is said before the first row is read. */
export async function run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(backtestHelp)
    return exitCodes.done
  }
  const args = parseBacktestArguments(argv)
  const { TF_BACKEND } = configOf(env)
  if (args.reportFile !== null && !existsSync(dirname(args.reportFile))) {
    throw new UsageError(`--report: no directory ${dirname(args.reportFile)}`)
  }
  const progress = createProgressBar({ stream: process.stderr, now: () => performance.now() })
  try {
    if (args.learn !== null) {
      const learnt = await runLearning(args, { backend: TF_BACKEND, progress })
      progress.end()
      process.stdout.write(args.json ? `${JSON.stringify(learnt)}\n` : formatLearning(learnt))
      return exitCodes.done
    }
    const result = await runBacktest(args, { env, backend: TF_BACKEND, progress })
    progress.end()
    if (args.reportFile !== null) await writeReport(args.reportFile, result)
    process.stdout.write(args.json ? `${JSON.stringify(result)}\n` : formatBacktest(result))
    return result.lookahead === null || isLeakFree(result.lookahead) ? exitCodes.done : exitCodes.failed
  } catch (error) {
    progress.end()
    if (!(error instanceof RejectedError || error instanceof FatalError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

function configOf(env: Readonly<Record<string, string | undefined>>): Config<typeof backtestSettings> {
  try {
    return parseConfig(backtestSettings, env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(`flipstream backtest cannot start:\n${error.message}`) : error
  }
}

/** Whole or not at all. The plots' library is loaded only where a report is wanted. */
async function writeReport(file: string, result: BacktestResult): Promise<void> {
  const { backtestReport } = await import('#lib/backtest/report/report.ts')
  const partial = `${file}.${process.pid}`
  await writeFile(partial, backtestReport(result))
  await rename(partial, file)
}
