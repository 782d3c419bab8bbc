import { UsageError } from '#lib/app/usage-error.ts'
import { archiveForms } from '#lib/archive/archive-forms.ts'
import { parseOptions } from '#lib/cli/parse-options.ts'
import { choiceOption, durationOption, fileOption, numberOption, textOption } from '#lib/cli/values.ts'
import { hourMillis } from '#lib/clock/durations.ts'

export type ValidateArguments = Readonly<{
  data: Readonly<{ kind: 'sales'; file: string; source: 'recorded' | 'synthetic' }> | Readonly<{ kind: 'archive'; uri: string }>
  /** The newest sale may be so old; null: however old. */
  freshHours: number | null
  reportFile: string | null
  /** Becomes what the next data set is compared with, even where it drifted from the last. */
  accept: boolean
  json: boolean
}>

export const validateHelp = `flipstream validate --sales FILE.csv | --archive URI: says whether a model may learn from this data, and if not, why.

  --sales FILE.csv   sales (columns time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd)
  --source KIND      of a file, recorded (default) or synthetic: each market is compared with its own last accepted data set
  --archive URI      the sales in an archive: ${archiveForms}
  --fresh DURATION   refuse data whose newest sale is older than that, such as 36h or 2d (default: however old)
  --report FILE.html data docs: every expectation, what was found, and rows that do not hold
  --accept           compare the next data set with this one, and do not refuse this one for having drifted
  --json             print one JSON object, and nothing else on stdout

The expectations, with their thresholds, stand in libs/validation/suites.ts. Exit code 1 where the data is refused.
`

const options = {
  sales: { type: 'string' },
  source: { type: 'string' },
  archive: { type: 'string' },
  fresh: { type: 'string' },
  report: { type: 'string' },
  accept: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Throws UsageError before anything was read. */
export function parseValidateArguments(argv: readonly string[]): ValidateArguments {
  const values = parse(argv)
  return {
    data: dataOf(values),
    freshHours: values.fresh === undefined ? null : hoursOf(values.fresh),
    reportFile: values.report === undefined ? null : textOption('--report', values.report, 'the name of a file'),
    accept: values.accept ?? false,
    json: values.json ?? false,
  }
}

const parse = (argv: readonly string[]) => parseOptions('flipstream validate', argv, { options }).values

function dataOf({ sales, archive, source }: ReturnType<typeof parse>): ValidateArguments['data'] {
  if (archive !== undefined) {
    if (sales !== undefined) throw new UsageError('--sales and --archive: give one')
    if (source !== undefined) throw new UsageError('--source: an archive says itself of which market it is')
    return { kind: 'archive', uri: archive }
  }
  return { kind: 'sales', file: fileOf(sales), source: choiceOption('--source', source ?? 'recorded', ['recorded', 'synthetic']) }
}

function fileOf(file: string | undefined): string {
  if (file === undefined) throw new UsageError('--sales FILE.csv or --archive URI is missing. See flipstream validate --help')
  return fileOption('--sales', file, 'Expected a CSV of sales.')
}

/** A number alone means hours, as it once did. */
const hoursOf = (text: string): number =>
  /^\d+(?:\.\d+)?$/.test(text) ? numberOption('--fresh', text, { above: 0 }) : durationOption('--fresh', text) / hourMillis
