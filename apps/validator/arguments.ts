import { existsSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { UsageError } from '#lib/app/usage-error.ts'

export type ValidateArguments = Readonly<{
  salesFile: string
  /** Of which market the sales are: each has its own last accepted data set. */
  source: 'recorded' | 'synthetic'
  /** The newest sale may be so old; null: however old. */
  freshHours: number | null
  reportFile: string | null
  /** Becomes what the next data set is compared with, even where it drifted from the last. */
  accept: boolean
  json: boolean
}>

export const validateHelp = `flipstream validate --sales FILE.csv: says whether a model may learn from this data, and if not, why.

  --sales FILE.csv   sales (columns time,id,class,breedCount,purity,eyes,ears,mouth,horn,back,tail,priceUsd)
  --source KIND      recorded (default) or synthetic: of which market; each is compared with its own last accepted data set
  --fresh HOURS      refuse data whose newest sale is older than that (default: however old)
  --report FILE.html data docs: every expectation, what was found, and rows that do not hold
  --accept           compare the next data set with this one, and do not refuse this one for having drifted
  --json             print one JSON object, and nothing else on stdout

The expectations, with their thresholds, stand in libs/validation/suites.ts. Exit code 1 where the data is refused.
`

const options = {
  sales: { type: 'string' },
  source: { type: 'string' },
  fresh: { type: 'string' },
  report: { type: 'string' },
  accept: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Throws UsageError before anything was read. */
export function parseValidateArguments(argv: readonly string[]): ValidateArguments {
  const values = parse(argv)
  return {
    salesFile: fileOf(values.sales),
    source: sourceOf(values.source ?? 'recorded'),
    freshHours: values.fresh === undefined ? null : hoursOf(values.fresh),
    reportFile: values.report ?? null,
    accept: values.accept ?? false,
    json: values.json ?? false,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options }).values
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\nSee flipstream validate --help`)
  }
}

function fileOf(file: string | undefined): string {
  if (file === undefined) throw new UsageError('--sales FILE.csv is missing. See flipstream validate --help')
  if (!(existsSync(file) && statSync(file).isFile())) throw new UsageError(`--sales: no file ${file}. Expected a CSV of sales.`)
  return file
}

function sourceOf(text: string): 'recorded' | 'synthetic' {
  if (text === 'recorded' || text === 'synthetic') return text
  throw new UsageError(`--source: expected recorded or synthetic, found ${text}`)
}

function hoursOf(text: string): number {
  const hours = Number(text)
  if (!(hours > 0 && Number.isFinite(hours))) throw new UsageError(`--fresh: expected hours above 0, found ${text}`)
  return hours
}
