/** Data docs: what was expected of a data set, what was found, and rows that do not hold, as one HTML file. */

import { type Html, html } from '#lib/report/html.ts'
import { note, page, section, tiles } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { count } from '#lib/words/format.ts'
import type { ExpectationResult, Validation } from './validate.ts'

export type DataDocs = Readonly<{
  /** A file or an archive, as people named it. */
  data: string
  validation: Validation
  /** What the data set was compared with, for people; null: nothing was accepted before. */
  reference: string | null
}>

/** The word beside the colour: the page must be read without colours too. */
const verdictOf = ({ status, severity }: ExpectationResult): string =>
  status !== 'failed' ? status : severity === 'error' ? 'FAILED' : 'warning'

const failedFirst: readonly string[] = ['FAILED', 'warning', 'passed', 'not evaluated']

export function dataDocs({ data, validation, reference }: DataDocs): string {
  const { suite, rows, accepted, results, badRows } = validation
  const resultsOf = (verdict: string): number => results.filter((result) => verdictOf(result) === verdict).length
  const sorted = [...results].sort((a, b) => failedFirst.indexOf(verdictOf(a)) - failedFirst.indexOf(verdictOf(b)))
  return page({
    title: `${accepted ? 'Accepted' : 'Refused'}: ${data}`,
    summary: html`<p>${count(rows)} sales against the suite “${suite}”. ${reference === null ? 'No data set was accepted before: nothing to compare with.' : `Compared with ${reference}.`}</p>`,
    sections: [
      section(
        'Verdict',
        tiles([
          { name: 'expectations failed', value: String(resultsOf('FAILED')), detail: 'errors: any of them refuses the data' },
          { name: 'warnings', value: String(resultsOf('warning')), detail: 'told, and used' },
          { name: 'passed', value: String(resultsOf('passed')), detail: `${resultsOf('not evaluated')} not evaluated` },
          { name: 'broken rows', value: count(badRows.size), detail: 'left out, where the rest is accepted' },
        ]),
        accepted ? null : note(html`<p>A model does not learn from this data. Mend the source, or look at the rows below.</p>`),
      ),
      section('Expectations', expectationTable(sorted)),
      section('Rows that do not hold', ...sorted.filter(({ failing }) => failing > 0).map(failingRows), nothing(results)),
    ],
    footer: 'flipstream validate; the suites are declared in libs/validation/suites.ts',
  })
}

const expectationTable = (results: readonly ExpectationResult[]): Html =>
  table({
    caption: 'Errors that failed first, then warnings. A share such as 99% is how many rows must hold for the expectation to pass.',
    columns: [{ title: 'expectation' }, { title: 'verdict' }, { title: 'expected' }, { title: 'found' }],
    rows: results.map((result) => [
      result.name,
      verdictOf(result) === 'FAILED' ? html`<b>FAILED</b>` : verdictOf(result),
      result.expected,
      result.found,
    ]),
  })

function failingRows({ name, failing, examples }: ExpectationResult): Html {
  const columns = Object.keys(examples[0]?.cells ?? {})
  return html`<h3>${name}</h3>${table({
    caption: `${examples.length < failing ? `The first ${examples.length} of ${count(failing)}` : `All ${count(failing)}`}.`,
    columns: [{ title: 'where' }, ...columns.map((title) => ({ title }))],
    rows: examples.map(({ where, cells }) => [where, ...columns.map((column) => cellText(column, cells[column as keyof typeof cells]))]),
  })}`
}

function cellText(column: string, cell: unknown): string {
  if (cell === null) return '(empty)'
  if (column === 'time' && typeof cell === 'number') return `${new Date(cell).toISOString().slice(0, 19)}Z`
  return String(cell).slice(0, 80)
}

const nothing = (results: readonly ExpectationResult[]): Html | null =>
  results.every(({ failing }) => failing === 0) ? html`<p>None.</p>` : null
