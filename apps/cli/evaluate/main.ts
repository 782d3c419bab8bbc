import { type Config, ConfigError, parseConfig } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { FatalError, RejectedError } from '#lib/errors/errors.ts'
import { leaderboardEvent } from '#lib/market/event.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { trainingSettings } from '#lib/training/config.ts'
import { candidatesOf } from '#lib/training/evaluation/candidates.ts'
import { type EvaluationProgress, evaluate } from '#lib/training/evaluation/evaluate.ts'
import { readLeaderboard } from '#lib/training/evaluation/leaderboard-csv.ts'
import { readTestSales } from '#lib/training/evaluation/test-sales.ts'
import { readHyperparameters } from '#lib/training/hyperparameters.ts'
import { createProgressLines } from '#lib/training/progress.ts'
import { readTrainingSales } from '#lib/training/sales/training-sales.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import { noCleansing } from '#lib/validation/cleansing.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { evaluateHelp, parseEvaluateArguments } from './arguments.ts'
import { formatEvaluation } from './format.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `flipstream evaluate`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(evaluateHelp)
    return exitCodes.done
  }
  const options = parseEvaluateArguments(argv)
  const { TF_BACKEND } = configOf(env)
  const defaults = options.fast ? fastTrainingSettings : defaultTrainingSettings
  const settings = options.settingsFile === null ? defaults : readHyperparameters(options.settingsFile, defaults)
  try {
    const [train, test] = await readSales(options)
    const leaderboard = await leaderboardAt(options.leaderboardFile, train.events[0])
    const candidates = candidatesOf(settings, { leaderboard, wanted: options.models })
    const { backend } = await startTensorRuntime(TF_BACKEND)
    const { walkForward, seed } = options
    const progress = progressTo(process.stderr)
    const evaluation = await evaluate({ train: train.events, test: test.events, candidates, walkForward, seed, onProgress: progress.show })
    progress.end()
    const result = { ...evaluation, leftOut: test.leftOut, walkForward, seed, backend }
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : formatEvaluation(result))
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof RejectedError || error instanceof FatalError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

function configOf(env: Environment): Config<typeof trainingSettings> {
  try {
    return parseConfig(trainingSettings, env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(`flipstream evaluate cannot start:\n${error.message}`) : error
  }
}

async function readSales({ trainFile, testFile }: ReturnType<typeof parseEvaluateArguments>) {
  const source = 'recorded'
  const data = { kind: 'file', file: trainFile, part: { fraction: 1 }, source } as const
  const train = await readTrainingSales({ data, cleansing: noCleansing })
  return [train, await readTestSales(testFile, source)] as const
}

async function leaderboardAt(file: string | null, first: MarketEvent | undefined): Promise<MarketEvent[]> {
  if (file === null || first === undefined) return []
  return [leaderboardEvent(await readLeaderboard(file), { observedAt: first.observedAt, origin: 'backfill', source: first.source })]
}

/** A line a second is enough where lines stay; a terminal's line is written over. */
function progressTo(stream: NodeJS.WriteStream) {
  let [model, lineOf, lastWritten] = ['', createProgressLines(), Number.NEGATIVE_INFINITY]
  return {
    show(progress: EvaluationProgress): void {
      if (progress.model !== model) [model, lineOf] = [progress.model, createProgressLines()]
      const now = performance.now()
      if (now - lastWritten < (stream.isTTY ? 100 : 1_000)) return
      lastWritten = now
      const line = `${model}, fold ${progress.fold} of ${progress.folds}: ${lineOf(progress.training)}`
      stream.write(stream.isTTY ? `\r\u001b[K${line}` : `${line}\n`)
    },
    end: () => void (stream.isTTY && stream.write('\r\u001b[K')),
  }
}
