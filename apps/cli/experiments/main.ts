import { parseArgs } from 'node:util'
import { ConfigError, parseConfig } from '#lib/app/config.ts'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { openTracker, trackingSettings } from '#lib/tracking/open-tracker.ts'
import type { RecordedRun, Tracker } from '#lib/tracking/tracker.ts'
import { compareRuns, formatComparison, formatRuns } from './compare.ts'

type Environment = Readonly<Record<string, string | undefined>>

const help = `flipstream experiments: the trainings that were written down, by flipstream train, and how they compare

  flipstream experiments ls [--json]                 every finished training, oldest first
  flipstream experiments compare [ID ID...] [--json] metrics side by side, and the settings that differ (default: the last two)

An id may be cut short, or be the name of a model. They are on the MLflow server that MLFLOW_TRACKING_URI names (also read:
MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_USERNAME, MLFLOW_TRACKING_PASSWORD, MLFLOW_TRACKING_TOKEN), else in .flipstream/experiments.
(flipstream runs is another thing: the markets that were played.)
`

/** `flipstream experiments`. */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help)
    return exitCodes.done
  }
  const { action, ids, json } = parse(argv)
  const tracker = openTracker(configOf(env))
  try {
    const recorded = await tracker.list()
    process.stdout.write(action === 'ls' ? list(recorded, tracker, json) : compare(chosen(recorded, ids), json))
    return exitCodes.done
  } catch (error) {
    if (!(error instanceof FatalError)) throw error
    process.stderr.write(`${error.message}\n`)
    return exitCodes.failed
  }
}

function configOf(env: Environment) {
  try {
    return parseConfig(trackingSettings, env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

const list = (runs: readonly RecordedRun[], tracker: Tracker, json: boolean): string =>
  json ? `${JSON.stringify({ place: tracker.place, runs })}\n` : formatRuns(runs, tracker.place)

function compare(runs: readonly RecordedRun[], json: boolean): string {
  const comparison = compareRuns(runs)
  return json ? `${JSON.stringify(comparison)}\n` : formatComparison(comparison)
}

/** UsageError where an id means none, or more than one. */
function chosen(runs: readonly RecordedRun[], ids: readonly string[]): RecordedRun[] {
  if (ids.length === 0) {
    if (runs.length < 2) throw new UsageError(`experiments compare: expected two trainings, found ${runs.length}`)
    return runs.slice(-2)
  }
  return ids.map((id) => {
    const meant = runs.filter((run) => run.id.startsWith(id))
    const [run] = meant.length === 0 ? runs.filter(({ name }) => name === id).slice(-1) : meant
    if (run === undefined) throw new UsageError(`experiments compare: no training ${id}; flipstream experiments ls lists them`)
    if (meant.length > 1) throw new UsageError(`experiments compare: ${id} could be any of ${meant.map((one) => one.id).join(', ')}`)
    return run
  })
}

function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: { json: { type: 'boolean' } } })
    const [action, ...ids] = positionals
    if (action !== 'ls' && action !== 'compare') throw new UsageError(help)
    if (action === 'ls' && ids.length > 0) throw new UsageError(`experiments ls: does not know what to do with ${ids.join(' ')}`)
    if (ids.length === 1) throw new UsageError('experiments compare: name two or more, or none for the last two')
    return { action, ids, json: values.json ?? false } as const
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n\n${help}`)
  }
}
