import type { Evaluation } from '#lib/training/evaluation/evaluate.ts'

/** What the command answers. */
export type EvaluationResult = Evaluation &
  Readonly<{
    /** Rows of the test that are no sales one could be asked about. */
    leftOut: number
    walkForward: boolean
    seed: number
    backend: string
  }>

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`
const minute = (millis: number): string => `${new Date(millis).toISOString().slice(0, 16).replace('T', ' ')}Z`

/** The evaluation for people. */
export function formatEvaluation({
  n,
  models,
  champion,
  testedFrom,
  testedUntil,
  folds,
  walkForward,
  leftOut,
  seconds,
}: EvaluationResult): string {
  const heads = [
    '',
    'median error',
    '95% interval',
    'p95',
    'MAE $',
    'bias',
    'R² log',
    'pinball',
    '50% holds',
    '90% holds',
    'width 90%',
    's',
  ]
  const rows = Object.entries(models).map(([name, errors]) => [
    name,
    percent(errors.medianApe),
    `${percent(errors.medianApeLow)} to ${percent(errors.medianApeHigh)}`,
    percent(errors.p95Ape),
    errors.maeUsd.toFixed(2),
    errors.biasLog.toFixed(4),
    errors.r2Log.toFixed(3),
    errors.pinball.mean.toFixed(4),
    percent(errors.coverage50),
    percent(errors.coverage90),
    errors.width90.toFixed(2),
    errors.seconds.toFixed(0),
  ])
  const alerted = models[champion]?.alerted
  const share = (value: number | null): string => (value === null ? 'unknown' : percent(value))
  return `${[
    `${n} sales, ${minute(testedFrom)} to ${minute(testedUntil)}${leftOut === 0 ? '' : ` (${leftOut} rows left out)`}; ` +
      (walkForward ? `models fitted anew each day, ${folds} times` : 'weights frozen after training'),
    ...alignColumns([heads, ...rows]),
    ...(alerted === undefined
      ? []
      : [
          `the default rule would have alerted ${alerted.alerts} of them; ${alerted.resold} of these were seen to sell again, ` +
            `${share(alerted.coverage90)} inside the 90% interval, ${share(alerted.atLeastQ25)} at the lower quartile or above (a biased sample: only what sells again is seen)`,
        ]),
    `item models ${seconds.items.toFixed(0)} s, features ${seconds.features.toFixed(0)} s`,
  ].join('\n')}\n`
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map(
    (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`,
  )
}
