import type { ModelsBeside } from '#lib/decisions/compare-models.ts'
import type { HoldResult } from '#lib/decisions/hold-learning.ts'
import { championOf, type Models, predecessorOf } from '#lib/decisions/read-models.ts'
import type { BundleManifest } from '#lib/model/bundle/bundle.ts'
import { count, minute, percent } from '#lib/words/format.ts'
import { alignColumns } from '#lib/words/table.ts'
import type { ModelAnnounced } from '#schemas/types.ts'

/** in force; before = what a rollback goes back to; was = in force earlier; challenger = compared, or was; barred = never again. */
export function standingOf(models: Models, modelId: string): 'in force' | 'barred' | 'before' | 'was' | 'challenger' | '' {
  if (championOf(models) === modelId) return 'in force'
  if (models.barred.has(modelId)) return 'barred'
  if (predecessorOf(models) === modelId) return 'before'
  if (models.promotions.some((promotion) => promotion.modelId === modelId)) return 'was'
  return models.challengers.has(modelId) ? 'challenger' : ''
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
  return `${[...alignColumns(rows, { left: 'all' }), ...heldLine(models)].join('\n')}\n`
}

const heldLine = ({ held }: Models): string[] =>
  held === null ? [] : [`people hold decisions since ${minute(held.at)} UTC (${held.reason}): flipstream models release`]

const rowOf = (models: Models, { modelId, source, trainedUntil, metrics, featureSetHash }: ModelAnnounced): string[] => [
  modelId,
  standingOf(models, modelId),
  source,
  minute(trainedUntil),
  percent(metrics['medianApe'], 1),
  percent(metrics['coverage90'], 1),
  featureSetHash.slice(0, 12),
]

export function formatModel(
  models: Models,
  { modelId, manifest, compared }: Readonly<{ modelId: string; manifest: BundleManifest; compared: readonly ModelsBeside[] }>,
): string {
  const { kind, featureSet, source, dataset, trainedFrom, trainedUntil, metrics, training, files } = manifest
  const promotions = models.promotions.filter((promotion) => promotion.modelId === modelId)
  const barred = models.barred.get(modelId)
  return `${[
    `${modelId} (${kind}; ${source} market)  ${standingOf(models, modelId)}`.trimEnd(),
    `features   ${featureSet.name} ${featureSet.hash}`,
    `learnt     ${count(dataset.rows)} sales, ${minute(trainedFrom)} to ${minute(trainedUntil)} UTC; data set ${dataset.id}`,
    ...Object.entries(metrics).map(([name, value]) => `metric     ${name} ${+value.toPrecision(4)}`),
    ...Object.entries(training).map(([name, value]) => `training   ${name} ${JSON.stringify(value)}`),
    ...files.map(({ name, bytes, sha256 }) => `file       ${name} ${count(bytes)} bytes, sha256 ${sha256}`),
    ...compared.map(({ against, sentence }) => `compared   beside ${against}: ${sentence}`),
    ...promotions.map(({ at, reason }) => `promoted   ${minute(at)} UTC on the market's clock: ${reason}`),
    ...(barred === undefined ? [] : [`barred     ${barred}`]),
  ].join('\n')}\n`
}

/** The newest comparison says how it stands; the ones before, how it stood. */
export function formatCompared(compared: readonly [ModelsBeside, ...ModelsBeside[]]): string {
  const newest = compared.at(-1) as ModelsBeside
  const rows = [
    ['model', 'beside', 'better by', 'between', 'and', 'sales', 'blocks', 'from (UTC)', 'until'],
    ...compared.map(({ modelId, against, better, lower, upper, sales, blocks, from, to }) => [
      ...[modelId, against, percent(better, 1), percent(lower, 1), percent(upper, 1)],
      ...[count(sales), count(blocks), minute(from), minute(to)],
    ]),
  ]
  const priced = newest.isInForce ? `${newest.against} prices` : `${newest.against} priced then, and does no more`
  return `${[`${newest.sentence}: ${priced}`, ...alignColumns(rows, { left: 'all' })].join('\n')}\n`
}

export function formatHold({ isHeld, isChanged, at, reason }: HoldResult): string {
  if (!isChanged)
    return isHeld ? `people hold decisions already, since ${minute(at)} UTC (${reason})\n` : 'nobody holds decisions: the learner decides\n'
  return isHeld
    ? 'people decide from now on: the learner promotes and rolls back nothing, and says what it would do. flipstream models release ends it.\n'
    : 'the learner decides again, from its next block of sales on.\n'
}
