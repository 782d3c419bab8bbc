import type { Interval } from '#lib/numbers/interval.ts'
import type { Evaluation } from '#lib/training/evaluation/evaluate.ts'
import { minute, percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'

/** What the command answers. */
export type EvaluationResult = Evaluation &
  Readonly<{
    /** Rows of the test that are no sales one could be asked about. */
    leftOut: number
    walkForward: boolean
    seed: number
    backend: string
  }>

const share = (ratio: number | null): string => percent(ratio, 2)

/** The evaluation for people. */
export function formatEvaluation({
  n,
  models,
  alerted,
  demand,
  mean,
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
    share(errors.medianApe),
    `${share(errors.medianApeLow)} to ${share(errors.medianApeHigh)}`,
    share(errors.p95Ape),
    errors.maeUsd.toFixed(2),
    errors.biasLog.toFixed(4),
    errors.r2Log.toFixed(3),
    errors.pinball.mean.toFixed(4),
    share(errors.coverage50),
    share(errors.coverage90),
    errors.width90.toFixed(2),
    errors.seconds.toFixed(0),
  ])
  return `${[
    `${n} sales, ${minute(testedFrom)} to ${minute(testedUntil)}${leftOut === 0 ? '' : ` (${leftOut} rows left out)`}; ` +
      (walkForward ? `models fitted anew each day, ${folds} times` : 'weights frozen after training'),
    ...alignColumns([heads, ...rows], { indent: 2 }),
    `mean: R² ${mean.r2Log.toFixed(3)} of log price, ${mean.r2Usd.toFixed(3)} of dollars (median ${mean.r2UsdOfMedian.toFixed(3)})`,
    ...alertedLines(alerted),
    ...(demand === null ? [] : [demandLine(demand)]),
    `item models ${seconds.items.toFixed(0)} s, features ${seconds.features.toFixed(0)} s`,
  ].join('\n')}\n`
}

const within = (interval: Interval | null): string =>
  interval === null ? 'no interval' : `${share(interval.low)} to ${share(interval.high)}`

function alertedLines({ alerts, n, own, bargains, resold, coverage90, ...found }: EvaluationResult['alerted']): string[] {
  return [
    `the default rule would have alerted ${alerts} of them; the exits of ${n} were seen (${own} by the same axie): ` +
      `${share(found.atLeastExitQ25)} at the exit's lower quartile or above (by day: ${within(found.atLeastExitQ25Interval)}), ` +
      `${share(found.atLeastQ25)} at the forecast's; ${share(found.gainedOfPicks)} gained after the fee`,
    `asked for less than 0.9 of the median: ${bargains.n} exits, ${share(bargains.atLeastExitQ25)} at the exit's lower quartile or above ` +
      `(by day: ${within(bargains.atLeastExitQ25Interval)}), ${share(bargains.atLeastQ25)} at the forecast's`,
    `${resold} of the alerts were seen to sell again at any time, ${share(coverage90)} inside the 90% interval (a biased sample: only what sells again is seen)`,
  ]
}

const demandLine = ({ n, auc24, logLoss24, logLossPastRate24, aucPastRate24 }: NonNullable<EvaluationResult['demand']>): string =>
  `demand within 24 h: ${n} sales, log loss ${logLoss24.toFixed(4)} (past rate ${logLossPastRate24.toFixed(4)}), ` +
  `area under the curve ${auc24.toFixed(4)} (${aucPastRate24.toFixed(4)})`
