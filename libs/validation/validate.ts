import { count } from '#lib/words/format.ts'
import type { Expectation, Severity, Suite, Surroundings } from './expectation.ts'
import type { SaleColumn, SaleRow } from './sale-row.ts'

export type ExpectationResult = Readonly<{
  name: string
  severity: Severity
  /** "expected …" and "found …", for people. */
  expected: string
  found: string
  status: 'passed' | 'failed' | 'not evaluated'
  /** Rows that do not hold, whether or not a share of them is let pass. */
  failing: number
  /** Some of them, with the cells that were looked at. */
  examples: readonly Readonly<{ where: string; cells: Readonly<Partial<Record<SaleColumn, unknown>>> }>[]
}>

export type Validation = Readonly<{
  suite: string
  rows: number
  /** No expectation of severity error failed. */
  accepted: boolean
  results: readonly ExpectationResult[]
  /** Places of rows that one by one do not hold what is an error: to be left out where the set as a whole is accepted. */
  badRows: ReadonlySet<number>
}>

const examplesShown = 20

type Outcome = Readonly<{ status: ExpectationResult['status']; found: string; failing: readonly number[] }>

export function validateRows(suite: Suite, rows: readonly SaleRow[], surroundings: Surroundings): Validation {
  const badRows = new Set<number>()
  const results = suite.expectations.map((expectation) => {
    const { name, severity, check } = expectation
    const { status, found, failing } = outcomeOf(expectation, rows, surroundings)
    if (severity === 'error') for (const place of failing) badRows.add(place)
    const examples = failing.slice(0, examplesShown).map((place) => exampleOf(rows[place] as SaleRow, check.columns))
    return { name, severity, expected: check.expected + mostlyText(expectation), found, status, failing: failing.length, examples }
  })
  const accepted = results.every(({ severity, status }) => severity === 'warning' || status !== 'failed')
  return { suite: suite.name, rows: rows.length, accepted, results, badRows }
}

/** Names of the per-row expectations that one row breaks: for a record of the stream. */
export const brokenBy = (suite: Suite, row: SaleRow, surroundings: Surroundings): string[] =>
  suite.expectations.flatMap(({ name, check }) => (check.on === 'row' && check.holds(row, surroundings) === false ? [name] : []))

function outcomeOf({ check, mostly = 1 }: Expectation, rows: readonly SaleRow[], surroundings: Surroundings): Outcome {
  if (check.on === 'row') {
    const failing: number[] = []
    let asked = 0
    rows.forEach((row, place) => {
      const holds = check.holds(row, surroundings)
      if (holds !== null) asked++
      if (holds === false) failing.push(place)
    })
    if (asked === 0) return { status: 'not evaluated', found: 'no row says anything about it', failing }
    return ofShare(failing, asked, mostly)
  }
  const measured = check.measure(rows, surroundings)
  if ('notEvaluated' in measured) return { status: 'not evaluated', found: measured.notEvaluated, failing: [] }
  if ('failing' in measured) return ofShare(measured.failing, rows.length, mostly)
  return { status: measured.holds ? 'passed' : 'failed', found: measured.found, failing: [] }
}

function ofShare(failing: readonly number[], outOf: number, mostly: number): Outcome {
  const share = outOf === 0 ? 1 : 1 - failing.length / outOf
  const found = failing.length === 0 ? `all ${count(outOf)} do` : `${count(failing.length)} of ${count(outOf)} do not`
  return { status: share >= mostly ? 'passed' : 'failed', found, failing }
}

const mostlyText = ({ mostly = 1 }: Expectation): string => (mostly === 1 ? '' : `, in at least ${+(mostly * 100).toFixed(2)}% of rows`)

const exampleOf = (row: SaleRow, columns: readonly SaleColumn[]): ExpectationResult['examples'][number] => ({
  where: row.where,
  cells: Object.fromEntries([...new Set<SaleColumn>(['id', ...columns])].map((column) => [column, row[column]])),
})
