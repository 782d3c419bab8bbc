import type { RecordedRun } from '#lib/tracking/tracker.ts'
import { minute, percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'

/** Runs side by side: every metric, and the parameters in which they differ. */
export type Comparison = Readonly<{
  runs: readonly Readonly<{ id: string; name: string }>[]
  metrics: readonly Readonly<{ name: string; values: readonly (number | null)[] }>[]
  /** Null where a run has no such parameter. */
  differing: readonly Readonly<{ name: string; values: readonly (string | null)[] }>[]
  sameParameters: number
}>

export function compareRuns(runs: readonly RecordedRun[]): Comparison {
  const parameters = namesOf(runs.map((run) => run.parameters)).map((name) => ({
    name,
    values: runs.map((run) => run.parameters[name] ?? null),
  }))
  const differing = parameters.filter(({ values }) => new Set(values).size > 1)
  return {
    runs: runs.map(({ id, name }) => ({ id, name })),
    metrics: namesOf(runs.map((run) => run.metrics)).map((name) => ({ name, values: runs.map((run) => run.metrics[name] ?? null) })),
    differing,
    sameParameters: parameters.length - differing.length,
  }
}

const namesOf = (records: readonly Readonly<Record<string, unknown>>[]): string[] => [...new Set(records.flatMap(Object.keys))].sort()

const shortest = 8
/** As short as they can be and still be told apart. */
export function shortIds(ids: readonly string[]): string[] {
  let length = shortest
  while (new Set(ids.map((id) => id.slice(0, length))).size < ids.length) length++
  return ids.map((id) => id.slice(0, length))
}

const number = (value: number | null): string => (value === null ? '-' : String(+value.toPrecision(4)))
const longest = 40
const shortened = (text: string): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text)

export function formatComparison({ runs, metrics, differing, sameParameters }: Comparison): string {
  const rows = [
    ['', ...shortIds(runs.map(({ id }) => id))],
    ['', ...runs.map(({ name }) => name)],
    ...metrics.map(({ name, values }) => [name, ...values.map(number)]),
    ...differing.map(({ name, values }) => [name, ...values.map((value) => shortened(value ?? '-'))]),
  ]
  return `${alignColumns(rows, { left: 'all' }).join('\n')}\n${sameParameters} parameters are the same in all\n`
}

export function formatRuns(runs: readonly RecordedRun[], place: string): string {
  if (runs.length === 0) return `no trainings in ${place}: flipstream train makes one\n`
  const ids = runs.map(({ id }) => id)
  const rows = [
    ['id', 'model', 'finished (UTC)', 'seconds', 'median error', 'in 5-95%'],
    ...runs.map(({ name, startedAt, endedAt, metrics }, index) => [
      ids[index] as string,
      name,
      minute(endedAt),
      ((endedAt - startedAt) / 1_000).toFixed(0),
      percent(metrics['medianApe'], 1),
      percent(metrics['coverage90'], 1),
    ]),
  ]
  return `${alignColumns(rows, { left: 'all' }).join('\n')}\n`
}
