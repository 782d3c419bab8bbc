import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { choiceOption, fileOption, momentOption, numberOption, seedOption, textOption } from '#lib/cli/values.ts'
import type { Span } from '#lib/training/sales/raw-sales.ts'
import type { SalesSource, TrainingPart } from '#lib/training/sales/sales-source.ts'
import type { CleansingOptions } from '#lib/validation/cleansing.ts'

export type TrainArguments = Readonly<{
  data: DataArguments
  seed: number
  cleansing: CleansingOptions
  /** Refuse sales that drifted far from the last accepted data set, and remember these when they were learnt from. */
  compare: boolean
  /** Settings for a model in seconds. */
  fast: boolean
  /** YAML laid over the default settings of training; null: those. */
  settingsFile: string | null
  /** Take the features of an earlier training on the same sales, and keep those of this one. */
  useCache: boolean
  outDirectory: string | null
  /** HTML: how good the model is, and where it is not. */
  reportFile: string | null
  publish: boolean
  /** Put it in force where it is not much worse than the champion; null: leave that to people. */
  promote: Readonly<{ maxWorsening: number }> | null
  json: boolean
}>

type DataArguments = Extract<SalesSource, { kind: 'file' }> | Readonly<{ kind: 'archive'; uri: string; span: Span }>

/** About twenty data sets of 60,000 sales. */
export const datasetCacheBytes = 1e9

export const trainHelp = `flipstream train --sales FILE.csv | --archive URI: trains a model on sales, says how good it is, and stores it.

  --sales FILE.csv      sales, sorted by time (columns time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd)
  --until TIME          use only sales before it: 2022-04-16T12:00:00Z or unix seconds
  --fraction SHARE      use only the first rows, for example 0.4 (default 1: all)
  --source KIND         live, recorded (default) or synthetic: of which market these sales are; stands in the bundle
  --archive URI         the sales in an archive, as they were known: ${archiveForms}
  --from TIME, --until TIME  only what was known then; with --until the same objects are read for ever, and give the same data set id
  --days N              instead of --from: the last days before --until, or before the newest that is archived
  --seed N              of the first weights and the order of rows (default 1); the same sales and seed give the same model id
  --fast                fewer and simpler trees: a model in seconds, a little worse
  --settings FILE.yaml  hyperparameters, laid over the defaults (or those of --fast); see --show-settings
  --show-settings       print the defaults as YAML, and do nothing else

The sales are validated first (flipstream validate says by what), and refused with the reasons. Left out of what is learnt, on demand:
  --drop-empty-class    sales without a class (else an error)
  --drop-duplicates     second and later sales of an axie at the same price
  --drop-wash-trades    axies that went back and forth between the same owners, where owners are known
  --min-price USD, --max-price USD
  --most-examples N     at most so many, drawn so that each class has as equal a part as its sales allow
  --compare             refuse sales that drifted far from the last accepted data set (flipstream validate --accept), else accept them

  --no-cache            make the features anew. Else they are kept in .flipstream/datasets (at most ${datasetCacheBytes / 1e9} GB, the least used go first), for
                        other settings of the model on the same sales, item model and code

  --report FILE.html    errors by class, price, day; calibration, residuals, importance of features, learning curves, data docs
  --out DIR             write the bundle into DIR/models/<model id>/
  --publish             write it (and the list of archived objects it learnt from) to the object store and announce it on topic models, as configured by the environment
                        (KAFKA_BROKERS, SCHEMA_REGISTRY_URL, S3_ENDPOINT, S3_ACCESS_KEY, S3_SECRET_KEY, PREFIX)
  --promote             publish it, and put it in force if its median error on sales that neither had seen is no more than --most-worse SHARE
                        (default 0.1) above the champion's, and its 90% interval holds 80% of them. If not, that is said, and the exit code is 0
  --json                print one JSON object, and nothing else on stdout

Every training is written down: flipstream experiments. TF_BACKEND chooses where the network is trained: auto (default), tensorflow, wasm or cpu.
`

const options = {
  sales: { type: 'string' },
  archive: { type: 'string' },
  from: { type: 'string' },
  days: { type: 'string' },
  until: { type: 'string' },
  fraction: { type: 'string' },
  source: { type: 'string' },
  seed: { type: 'string' },
  fast: { type: 'boolean' },
  settings: { type: 'string' },
  'drop-empty-class': { type: 'boolean' },
  'drop-duplicates': { type: 'boolean' },
  'drop-wash-trades': { type: 'boolean' },
  'min-price': { type: 'string' },
  'max-price': { type: 'string' },
  'most-examples': { type: 'string' },
  compare: { type: 'boolean' },
  'no-cache': { type: 'boolean' },
  report: { type: 'string' },
  out: { type: 'string' },
  publish: { type: 'boolean' },
  promote: { type: 'boolean' },
  'most-worse': { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Throws UsageError before anything was read or started. */
export function parseTrainArguments(argv: readonly string[]): TrainArguments {
  const values = parse(argv)
  const seed = seedOption('--seed', values.seed ?? '1')
  return {
    data: dataOf(values),
    seed,
    cleansing: cleansingOf(values, seed),
    compare: values.compare ?? false,
    fast: values.fast ?? false,
    settingsFile: values.settings === undefined ? null : fileOption('--settings', values.settings),
    outDirectory: values.out === undefined ? null : textOption('--out', values.out, 'the name of a folder'),
    useCache: !(values['no-cache'] ?? false),
    reportFile: values.report === undefined ? null : textOption('--report', values.report, 'the name of a file'),
    publish: (values.publish ?? false) || (values.promote ?? false),
    promote: values.promote
      ? { maxWorsening: numberOption('--most-worse', values['most-worse'] ?? '0.1', { atLeast: 0, atMost: 1 }) }
      : null,
    json: values.json ?? false,
  }
}

function dataOf(values: ReturnType<typeof parse>): DataArguments {
  const { sales, archive } = values
  if (archive === undefined) return fileOf(values)
  if (sales !== undefined) throw new UsageError('--sales and --archive: give one')
  if (values.source !== undefined) throw new UsageError('--source: an archive says itself of which market it is')
  if (values.fraction !== undefined) throw new UsageError('--fraction is for --sales: of an archive name the time, --until')
  if (values.from !== undefined && values.days !== undefined)
    throw new UsageError('--from and --days say the same thing in two ways: give one')
  const span = { from: timeOf('--from', values.from), until: timeOf('--until', values.until), days: aboveZero('--days', values.days) }
  if (span.from !== null && span.until !== null && span.from >= span.until) throw new UsageError('--from must lie before --until')
  return { kind: 'archive', uri: archive, span }
}

function fileOf({ sales, from, days, until, fraction, source }: ReturnType<typeof parse>): DataArguments {
  if (sales === undefined) throw new UsageError('--sales FILE.csv or --archive URI is missing. See flipstream train --help')
  fileOption('--sales', sales, 'Expected a CSV of sales; flipstream sample --days 12 > sales.csv makes one.')
  if (from !== undefined || days !== undefined)
    throw new UsageError('--from and --days are for --archive: a file is read from its first row')
  return {
    kind: 'file',
    file: sales,
    part: partOf(until, fraction),
    source: choiceOption('--source', source ?? 'recorded', ['live', 'recorded', 'synthetic']),
  }
}

function cleansingOf(values: ReturnType<typeof parse>, seed: number): CleansingOptions {
  return {
    emptyClass: values['drop-empty-class'] ?? false,
    duplicates: values['drop-duplicates'] ?? false,
    washTrades: values['drop-wash-trades'] ?? false,
    minPriceUsd: aboveZero('--min-price', values['min-price']),
    maxPriceUsd: aboveZero('--max-price', values['max-price']),
    mostExamples: aboveZero('--most-examples', values['most-examples']),
    seed,
  }
}

const parse = (argv: readonly string[]) => parseOptions('flipstream train', argv, { options }).values

function partOf(until: string | undefined, fraction: string | undefined): TrainingPart {
  if (until !== undefined && fraction !== undefined) throw new UsageError('--until and --fraction say the same thing in two ways: give one')
  const time = timeOf('--until', until)
  if (time === null) {
    return { fraction: numberOption('--fraction', fraction ?? '1', { above: 0, atMost: 1 }) }
  }
  return { until: time }
}

const timeOf = (option: string, text: string | undefined): number | null => (text === undefined ? null : momentOption(option, text))
const aboveZero = (option: string, text: string | undefined): number | null =>
  text === undefined ? null : numberOption(option, text, { above: 0 })
