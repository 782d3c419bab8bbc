import { championOf, type Models, predecessorOf } from '#lib/decisions/read-models.ts'
import type { BundleManifest } from '#lib/model/bundle/bundle.ts'
import type { ModelAnnounced } from '#schemas/types.ts'

const minuteOf = (millis: number): string => new Date(millis).toISOString().slice(0, 16).replace('T', ' ')
const percent = (share: number | undefined): string => (share === undefined ? '-' : `${(share * 100).toFixed(1)}%`)

/** in force; before = what a rollback goes back to; was = in force earlier. */
export function standingOf(models: Models, modelId: string): 'in force' | 'before' | 'was' | '' {
  if (championOf(models) === modelId) return 'in force'
  if (predecessorOf(models) === modelId) return 'before'
  return models.promotions.some((promotion) => promotion.modelId === modelId) ? 'was' : ''
}

/** Models that were promoted and are announced no more are listed too: they are a part of the story. */
export function formatModels(models: Models): string {
  const promotedOnly = new Set(models.promotions.map(({ modelId }) => modelId).filter((modelId) => !models.announced.has(modelId)))
  if (models.announced.size + promotedOnly.size === 0) return 'no models: flipstream train --publish makes one\n'
  const rows = [
    ['model', '', 'market', 'learnt until (UTC)', 'median error', 'in 5-95%', 'features'],
    ...[...promotedOnly].map((modelId) => [modelId, standingOf(models, modelId), 'announced no more', '', '', '', '']),
    ...[...models.announced.values()].map((model) => rowOf(models, model)),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n')
    .concat('\n')
}

const rowOf = (models: Models, { modelId, source, trainedUntil, metrics, featureSetHash }: ModelAnnounced): string[] => [
  modelId,
  standingOf(models, modelId),
  source,
  minuteOf(trainedUntil),
  percent(metrics['medianApe']),
  percent(metrics['coverage90']),
  featureSetHash.slice(0, 12),
]

export function formatModel(models: Models, modelId: string, manifest: BundleManifest): string {
  const { kind, featureSet, source, dataset, trainedFrom, trainedUntil, metrics, training, files } = manifest
  const promotions = models.promotions.filter((promotion) => promotion.modelId === modelId)
  return `${[
    `${modelId} (${kind}; ${source} market)  ${standingOf(models, modelId)}`.trimEnd(),
    `features   ${featureSet.name} ${featureSet.hash}`,
    `learnt     ${dataset.rows.toLocaleString('en')} sales, ${minuteOf(trainedFrom)} to ${minuteOf(trainedUntil)} UTC; data set ${dataset.id}`,
    ...Object.entries(metrics).map(([name, value]) => `metric     ${name} ${+value.toPrecision(4)}`),
    ...Object.entries(training).map(([name, value]) => `training   ${name} ${JSON.stringify(value)}`),
    ...files.map(({ name, bytes, sha256 }) => `file       ${name} ${bytes.toLocaleString('en')} bytes, sha256 ${sha256}`),
    ...promotions.map(({ at, reason }) => `promoted   ${minuteOf(at)} UTC on the market's clock: ${reason}`),
  ].join('\n')}\n`
}
