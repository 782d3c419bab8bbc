import { championOf, type Models, predecessorOf } from '#lib/decisions/read-models.ts'
import type { BundleManifest } from '#lib/model/bundle/bundle.ts'
import { count, minute, percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'
import type { ModelAnnounced } from '#schemas/types.ts'

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
  return `${alignColumns(rows, { left: 'all' }).join('\n')}\n`
}

const rowOf = (models: Models, { modelId, source, trainedUntil, metrics, featureSetHash }: ModelAnnounced): string[] => [
  modelId,
  standingOf(models, modelId),
  source,
  minute(trainedUntil),
  percent(metrics['medianApe'], 1),
  percent(metrics['coverage90'], 1),
  featureSetHash.slice(0, 12),
]

export function formatModel(models: Models, modelId: string, manifest: BundleManifest): string {
  const { kind, featureSet, source, dataset, trainedFrom, trainedUntil, metrics, training, files } = manifest
  const promotions = models.promotions.filter((promotion) => promotion.modelId === modelId)
  return `${[
    `${modelId} (${kind}; ${source} market)  ${standingOf(models, modelId)}`.trimEnd(),
    `features   ${featureSet.name} ${featureSet.hash}`,
    `learnt     ${count(dataset.rows)} sales, ${minute(trainedFrom)} to ${minute(trainedUntil)} UTC; data set ${dataset.id}`,
    ...Object.entries(metrics).map(([name, value]) => `metric     ${name} ${+value.toPrecision(4)}`),
    ...Object.entries(training).map(([name, value]) => `training   ${name} ${JSON.stringify(value)}`),
    ...files.map(({ name, bytes, sha256 }) => `file       ${name} ${count(bytes)} bytes, sha256 ${sha256}`),
    ...promotions.map(({ at, reason }) => `promoted   ${minute(at)} UTC on the market's clock: ${reason}`),
  ].join('\n')}\n`
}
