import { UsageError } from '#lib/app/usage-error.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { choiceOption, fileOption, seedOption } from '#lib/cli/values.ts'

export type EvaluateArguments = Readonly<{
  trainFile: string
  testFile: string
  /** Fit anew at each midnight of the test. */
  walkForward: boolean
  leaderboardFile: string | null
  /** Names of the models wanted, champion first; null: all. */
  models: readonly string[] | null
  fast: boolean
  settingsFile: string | null
  seed: number
  json: boolean
}>

export const evaluateHelp = `flipstream evaluate --train FILE.csv --test FILE.csv: how well models forecast sales that they have not seen.

  --train FILE.csv       sales to learn from, sorted by time (columns as flipstream train --help says)
  --test FILE.csv        later sales: each is forecast from what was known just before it, as if it were listed then. Features keep seeing
                         sales as they happen; weights stay as --train made them
  --walk-forward daily   fit anew at each midnight (UTC) of the test, on all sales before it
  --leaderboard FILE.csv a leaderboard (columns id,class,eyes,ears,mouth,horn,back,tail; best first), known from the first sale on: the
                         champion is evaluated without it and, once more, with it
  --models NAME,NAME     only these, for example champion,trees (default: all; simple rules always)
  --fast                 settings of flipstream train --fast
  --settings FILE.yaml   hyperparameters, laid over the defaults
  --seed N               default 1
  --json                 print one JSON object, and nothing else on stdout

Errors: APE is |forecast / price - 1|; intervals of the median error come from drawing whole hours again; MAE is over sales up to $2,000;
bias, R² and pinball loss are of log price. Of sales that the default rule would have alerted, had they been asks: how their forecasts
stood to what the same axies sold for next, where they were seen to.

TF_BACKEND chooses where networks run: auto (default), tensorflow, wasm or cpu.
`

const options = {
  train: { type: 'string' },
  test: { type: 'string' },
  'walk-forward': { type: 'string' },
  leaderboard: { type: 'string' },
  models: { type: 'string' },
  fast: { type: 'boolean' },
  settings: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Throws UsageError before anything was read. */
export function parseEvaluateArguments(argv: readonly string[]): EvaluateArguments {
  const values = parse(argv)
  const walkForward = values['walk-forward']
  if (walkForward !== undefined) choiceOption('--walk-forward', walkForward, ['daily'])
  return {
    trainFile: salesOf('--train', values.train),
    testFile: salesOf('--test', values.test),
    walkForward: walkForward === 'daily',
    leaderboardFile: values.leaderboard === undefined ? null : fileOption('--leaderboard', values.leaderboard),
    models: values.models?.split(',') ?? null,
    fast: values.fast ?? false,
    settingsFile: values.settings === undefined ? null : fileOption('--settings', values.settings),
    seed: seedOption('--seed', values.seed ?? '1'),
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) => parseOptions('flipstream evaluate', argv, { options }).values

function salesOf(option: string, file: string | undefined): string {
  if (file === undefined) throw new UsageError(`${option} FILE.csv is missing. See flipstream evaluate --help`)
  return fileOption(option, file)
}
