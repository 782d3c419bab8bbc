/** What was measured of one version of the code: one document in bench/results, from which docs/numbers.md is made. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#lib/clock/clock.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { commitOf } from './code-before.ts'
import { loadNow, machineName } from './machine.ts'

export type Measurement = Readonly<{
  version: 1
  title: string
  /** What is measured, how often, and what a reader has to know of it. No full stop at the end. */
  about: string
  /** Repeats it. */
  command: string
  /** What the command needs beyond the checkout. */
  needs?: string
  at: string
  commit: string
  machine: string
  versions: Readonly<Record<string, string>>
  load: string
  columns: readonly string[]
  rows: readonly (readonly string[])[]
}>

/** A label and what was seen, in the order of the columns. */
export type Figure = readonly [label: string, ...seen: string[]]

const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

export const measurementTable = ({ columns, rows }: Measurement): string =>
  [lineOf(columns), lineOf(columns.map(() => '---')), ...rows.map(lineOf)].join('\n')

export const measurementHeading = ({ about, machine, load, versions, commit, at, command, needs }: Measurement): string => {
  const found = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${about}. ${machine}; load ${load}; ${found.join(', ')}; code ${commit}, ${at}. \`${command}\`${needs === undefined ? '' : ` (needs ${needs})`}.`
}

/** The document with the figures of a new run: its text and what it says beside them (a goal) stay. */
export function withFigures(
  earlier: Measurement,
  figures: readonly Figure[],
  run: Pick<Measurement, 'at' | 'commit' | 'machine' | 'load' | 'command'>,
): Measurement {
  const rows = figures.map(([label, ...seen]) => {
    const beside = earlier.rows.find(([known]) => known === label)?.slice(1 + seen.length) ?? []
    return [label, ...seen, ...earlier.columns.slice(1 + seen.length).map((_, index) => beside[index] ?? '')]
  })
  return { ...earlier, ...run, versions: { ...earlier.versions, Node: process.versions.node }, rows }
}

/** `name` is the document's, below bench/results and without its ending. */
export function recordFigures(name: string, command: string, figures: readonly Figure[]): void {
  const file = join(checkoutRoot, 'bench', 'results', `${name}.json`)
  const run = {
    at: new Date(systemClock.now()).toISOString().slice(0, 10),
    commit: commitOf(checkoutRoot),
    machine: machineName(),
    load: loadNow(),
    command,
  }
  const measurement = withFigures(JSON.parse(readFileSync(file, 'utf8')), figures, run)
  writeFileSync(file, `${JSON.stringify(measurement, null, 2)}\n`)
}
