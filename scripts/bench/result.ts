/** What a comparison wrote: one document a case in bench/results, from which docs/numbers.md is made. */
import { median } from '#lib/numbers/median.ts'
import type { Better } from './cases.ts'

export type BenchFigure = Readonly<{
  label: string
  unit: string
  better: Better
  /** One number a round; rounds alternate between the two, so that both meet the same machine. */
  before: readonly number[]
  now: readonly number[]
}>
export type BenchResult = Readonly<{
  version: 1
  name: string
  summary: string
  at: string
  commit: string
  before: string
  machine: string
  versions: Readonly<Record<string, string>>
  rounds: number
  /** Load of one minute before each round: what else the machine did. */
  load: readonly number[]
  /** The same arithmetic before each round, in milliseconds: how even the machine was. */
  calibrationMillis: readonly number[]
  figures: readonly BenchFigure[]
}>

/** Today's figure over that of before, round by round. */
export const ratiosOf = ({ before, now }: Pick<BenchFigure, 'before' | 'now'>): number[] =>
  now.map((value, round) => value / before[round]!)

const digits = (value: number): string => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))
const spread = (numbers: readonly number[]): string =>
  `${digits(median(numbers))} (${digits(Math.min(...numbers))} to ${digits(Math.max(...numbers))})`

/** Rows of a Markdown table: figure, before, now, ratio; each as median (least to most). */
export const resultTable = ({ figures }: BenchResult): string =>
  [
    '| figure | better | before | now | now / before |',
    '|---|---|---|---|---|',
    ...figures.map(
      (figure) =>
        `| ${figure.label}, ${figure.unit} | ${figure.better} | ${spread(figure.before)} | ${spread(figure.now)} | ${spread(ratiosOf(figure))} |`,
    ),
  ].join('\n')

export const resultHeading = ({ summary, machine, load, calibrationMillis, rounds, commit, before, versions, at }: BenchResult): string =>
  `${summary}. ${rounds} rounds in turn, median (least to most). ${machine}; load ${spread(load)}, calibration ${spread(calibrationMillis)} ms; ` +
  `${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}; code ${commit} beside ${before}, ${at.slice(0, 10)}.`
