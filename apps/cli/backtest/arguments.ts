import { existsSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import type { BacktestArguments } from '#lib/backtest/backtest-arguments.ts'
import { defaultExecution, type ExecutionSettings, knobNames, knobOf } from '#lib/backtest/money/settings.ts'
import { parseSweep, sweepNames } from '#lib/backtest/sweep.ts'
import { choiceOption, fileOption, momentOption, numberOption, seedOption, textOption, wholeNumberOption } from '#lib/cli/values.ts'
import { presetNames, readNamedRules } from '#lib/rules/named-rules.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { RulesFileError } from '#lib/rules/rules-file.ts'

export const backtestHelp = `flipstream backtest --sales FILE.csv… | --archive URI: what the alerts would have earned.

  --sales FILE.csv…        sales, sorted by time (columns time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd);
                           of several files the sales are joined in the order of time
                           walked forward: each day is priced by a model trained on all sales before that day
  --archive URI            ${archiveForms}: recorded events, priced by the models and judged by the rules that
                           they name; where its alerts are archived too, says whether they came out the same to the byte
  --source KIND            of --sales: recorded (default) or synthetic: of which market these sales are
  --from TIME  --to TIME   what is played: 2022-04-16T12:00:00Z or unix seconds (default: of sales, from the first midnight that has
                           two whole days and some of a third before it, to the end)
  --rules NAME|FILE        default, classic, or a rules file (YAML; flipstream rules checks it);
                           default: an archive's own, else default
  --beside NAME|FILE       other rules on the same forecasts, in the same table; may be given several times (the earlier default and classic are always there)
  --seed N                 of training, of luck and of resampling (default 1): the same input and seed give the same JSON
  --report FILE.html       write a report for people: one file, no network
  --json                   print one JSON object, and nothing else on stdout
  --sweep NAME=FROM:TO:STEP   try these values, on the same forecasts: ${sweepNames.join(', ')};
                           given twice, all pairs are tried
  --check-lookahead        of --sales: play once more with the input cut in the middle (or at --cut TIME): every feature, score and alert before the
                           cut must come out the same to the byte, else some number has seen the future (exit code 1)
  --learn                  of --sales: the loop of learning instead of rules. Priced by the first night's model for ever, by each night's,
                           by the one that the learner puts in force, and by the best of each day in hindsight
  --full                   of --learn: train as flipstream train does, minutes a night; else by its fast settings
  --partitions N           of listings.scored: the alerter's limits are those of its partition (default 3, as a local pipeline has)

How a purchase is simulated (defaults are judgements, not measurements: try others)
${knobLines()}

TF_BACKEND chooses where networks are trained and run: wasm (default), auto, tensorflow or cpu.
`

function knobLines(): string {
  return knobNames
    .map(knobOf)
    .map(({ flag, value, meaning, usual }) => `  ${`--${flag} ${value}`.padEnd(25)}${meaning} (default ${usual})`)
    .join('\n')
}

const text = { type: 'string' } as const
const options = {
  sales: { type: 'string', multiple: true },
  archive: text,
  partitions: text,
  source: text,
  from: text,
  to: text,
  rules: text,
  seed: text,
  report: text,
  json: { type: 'boolean' },
  sweep: { type: 'string', multiple: true },
  'check-lookahead': { type: 'boolean' },
  cut: text,
  learn: { type: 'boolean' },
  full: { type: 'boolean' },
  beside: { type: 'string', multiple: true },
  ...(Object.fromEntries(knobNames.map((name) => [knobOf(name).flag, text])) as Readonly<Record<string, typeof text>>),
} as const

/** Throws UsageError before a row is read. */
export function parseBacktestArguments(argv: readonly string[]): BacktestArguments {
  const values = parse(argv)
  if (values.cut !== undefined && values['check-lookahead'] !== true) throw new UsageError('--cut needs --check-lookahead')
  if (values.full === true && values.learn !== true) throw new UsageError('--full needs --learn')
  for (const other of ['archive', 'sweep', 'check-lookahead', 'report', 'rules'] as const)
    if (values.learn === true && values[other] !== undefined)
      throw new UsageError(`--learn plays --sales by the default rules: it takes no --${other}`)
  const moment = (option: 'from' | 'to' | 'cut') => (values[option] === undefined ? null : momentOption(`--${option}`, values[option]))
  const number = (option: string, fallback: number, limits: Limits): number => {
    const given = (values as Readonly<Record<string, unknown>>)[option]
    return given === undefined ? fallback : limitedOption(`--${option}`, given as string, limits)
  }
  const [from, to] = [moment('from'), moment('to')]
  if (from !== null && to !== null && from >= to) throw new UsageError(`--from ${values.from} is not before --to ${values.to}`)
  return {
    input: inputOf(values),
    from,
    to,
    rules: values.rules === undefined ? null : rulesOf('--rules', values.rules),
    beside: (values.beside ?? []).map((given) => rulesOf('--beside', given)),
    partitions: number('partitions', 3, { least: 1, whole: true }),
    execution: Object.fromEntries(
      knobNames.map((name) => [name, number(knobOf(name).flag, defaultExecution[name], knobOf(name).limits)]),
    ) as ExecutionSettings,
    sweep: (values.sweep ?? []).map(parseSweep),
    lookahead: values['check-lookahead'] === true ? (moment('cut') ?? 'middle') : null,
    seed: seedOption('--seed', values.seed ?? '1'),
    learn: values.learn === true ? { full: values.full === true } : null,
    reportFile: values.report === undefined ? null : textOption('--report', values.report, 'the name of a file'),
    json: values.json ?? false,
  }
}

function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true })
    // What a shell makes of --sales *.csv.
    if (values.sales !== undefined) return { ...values, sales: [...values.sales, ...positionals] }
    if (positionals.length > 0) throw new TypeError(`unexpected argument ${positionals[0]}`)
    return { ...values, sales: undefined }
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee flipstream backtest --help`)
  }
}

function inputOf({ sales, archive, source, 'check-lookahead': lookahead }: ReturnType<typeof parse>): BacktestArguments['input'] {
  if (sales !== undefined && archive !== undefined) throw new UsageError('--sales and --archive are two inputs: give one')
  if (archive !== undefined) {
    if (lookahead === true) throw new UsageError('--check-lookahead trains its own models: it needs --sales')
    return { kind: 'archive', uri: archive }
  }
  if (sales === undefined) throw new UsageError('--sales FILE.csv or --archive URI is missing. See flipstream backtest --help')
  for (const file of sales) fileOption('--sales', file, 'Expected a CSV of sales; flipstream sample --days 12 > sales.csv makes one.')
  return { kind: 'sales', files: sales, source: choiceOption('--source', source ?? 'recorded', ['recorded', 'synthetic']) }
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

type Limits = Readonly<{ least?: number; above?: number; most?: number; whole?: boolean }>

function rulesOf(option: string, given: string): RuleSet {
  if (!presetNames.includes(given) && !isFile(given))
    throw new UsageError(`${option}: expected ${presetNames.join(', ')} or a file, found ${given}`)
  try {
    return readNamedRules(given)
  } catch (error) {
    throw error instanceof RulesFileError ? new UsageError(`${option}: these rules cannot be used\n${error.message}`) : error
  }
}

const limitedOption = (option: string, given: string, { least, most, above, whole = false }: Limits): number =>
  (whole ? wholeNumberOption : numberOption)(option, given, {
    ...(least !== undefined && { atLeast: least }),
    ...(most !== undefined && { atMost: most }),
    ...(above !== undefined && { above }),
  })
