import { dayMillis } from '#lib/clock/durations.ts'
import type { Training } from '#lib/training/train-from-sales.ts'
import { minute, percent } from '#lib/words/format.ts'

const day = (millis: number): string => `${minute(millis)}Z`

/** The result of a training for people: what was learnt from what, and how good it is beside other models and rules that need none. */
export function formatTraining({ bundle, report }: Pick<Training, 'bundle' | 'report'>): string {
  const { manifest, modelId } = bundle
  const { model, rivals, rules, rows, seconds, isCached, backend } = report
  const table = [
    ['', 'median error', 'p95 error', 'bias', 'R² of log'],
    ...[{ name: `model (${manifest.kind})`, errors: model }, ...rivals, ...rules].map(({ name, errors }) => [
      name,
      percent(errors.medianApe, 1),
      percent(errors.p95Ape, 1),
      percent(Math.expm1(errors.biasLog), 1),
      errors.r2Log.toFixed(2),
    ]),
  ]
  return `${[
    `model ${modelId} (${manifest.source} market, features ${manifest.featureSet.name})`,
    `learnt from ${report.sales} sales, ${day(manifest.trainedFrom)} to ${day(manifest.trainedUntil)}: ${rows.fit} to fit, ${rows.stopping} to stop${keptOf(report)}, ` +
      `${rows.newest} newest to judge; ${report.historyOnly} are history only`,
    ...leftOutLine(report.leftOut),
    thicknessOf(manifest, report),
    `on the ${model.rows} newest sales, which it had not seen:`,
    ...alignColumns(table),
    `intervals: 25-75% holds ${percent(model.coverage50, 1)} of prices (nominal 50%), 5-95% holds ${percent(model.coverage90, 1)} (nominal 90%), its upper end is ${model.width90.toFixed(2)} times the lower`,
    `${backend.backend} backend; ${seconds.read.toFixed(1)} s reading, ${isCached ? `item model and features kept from an earlier training (${seconds.features.toFixed(1)} s)` : `${seconds.items.toFixed(1)} s item model, ${seconds.features.toFixed(1)} s features`}, ${seconds.fit.toFixed(1)} s fitting`,
  ].join('\n')}\n`
}

/** How thick the market is, and what that allows. */
function thicknessOf({ trainedFrom, trainedUntil }: Training['bundle']['manifest'], { rows, heads }: Training['report']): string {
  const days = Math.max(1, (trainedUntil - trainedFrom) / dayMillis)
  const daily = Math.round((rows.fit + rows.stopping + rows.newest) / days)
  const exit =
    heads.exit === null
      ? 'too few purchases to learn exits from'
      : `exits learnt from ${heads.exit.fit} purchases, calibrated on each in turn`
  const demand = heads.demand === null ? 'too few sales to learn demand from' : `demand learnt from ${heads.demand.events} sales`
  return `the market: ${daily} sales a day; ${exit}; ${demand}`
}

const keptOf = ({ learning }: Training['report']): string => (learning === null ? '' : ` (after ${learning.step} ${learning.kept})`)

function leftOutLine(leftOut: Training['report']['leftOut']): string[] {
  const parts = Object.entries(leftOut).flatMap(([reason, count]) => (count === 0 ? [] : [`${count} ${reason}`]))
  return parts.length === 0 ? [] : [`left out: ${parts.join(', ')}`]
}

function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map(
    (row) => `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`,
  )
}
