import { dayMillis } from '#lib/clock/durations.ts'
import type { FeatureSet } from '#lib/features/feature-set.ts'
import { type BundleContent, type SealedBundle, sealBundle } from '#lib/model/bundle/bundle.ts'
import { openModel, trainModel } from '#lib/model/bundle/trained-model.ts'
import { type PointErrors, pointErrors, type QuantileErrors, quantileErrors } from '#lib/model/evaluation.ts'
import type { DemandHead } from '#lib/model/heads/demand-head.ts'
import type { ExitHead } from '#lib/model/heads/exit-head.ts'
import type { Learning } from '#lib/model/model-family.ts'
import { type BackendChoice, startTensorRuntime, type TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { Examples } from '#lib/model/price-model.ts'
import { median } from '#lib/numbers/median.ts'
import { type CleansingOptions, noCleansing } from '#lib/validation/cleansing.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { type Blocks, examplesOf, splitBlocks } from './blocks.ts'
import { type Judged, judgeBlock } from './challenge.ts'
import type { Dataset } from './dataset.ts'
import type { DatasetCache } from './dataset-cache.ts'
import { type Folding, foldSales } from './fold-sales.ts'
import { trainHeads } from './heads.ts'
import type { TrainingProgress } from './progress.ts'
import { recipeOf, taskOf } from './recipe.ts'
import { type JudgedRival, judgeRivals } from './rivals.ts'
import type { SalesSource } from './sales/sales-source.ts'
import { readTrainingSales, type TrainingSales, type TrainingSalesOptions } from './sales/training-sales.ts'
import { simpleRules } from './simple-rules.ts'
import { defaultTrainingSettings, type TrainingSettings } from './training-settings.ts'
import type { Unseen } from './unseen.ts'

export type TrainingOptions = Readonly<{
  data: SalesSource
  backend: BackendChoice
  seed?: number
  settings?: TrainingSettings
  /** Where the features of sales are kept, for other hyperparameters of the model. */
  cache?: DatasetCache | null
  cleansing?: CleansingOptions
  referenceOf?: TrainingSalesOptions['referenceOf'] | undefined
  /** Whether other kinds of models are judged beside it. */
  withRivals?: boolean
  onProgress?: (progress: TrainingProgress) => void
  /** Called with everything there is to tell, while the model can still be asked: for the report. */
  inspect?: (inspection: Inspection) => void
}>

/** A training with the sales that its model had not seen, and the model as it was before it was calibrated on them. */
export type Inspection = Training & Readonly<{ unseen: Unseen }>

export type Training = Readonly<{
  /** Ready to be published or written: nothing has been stored yet. */
  bundle: SealedBundle
  report: TrainingReport
  sales: TrainingSales
  /** What it said of the newest block, before it was fitted and calibrated on that, too. */
  newest: Judged
}>

export type TrainingReport = Readonly<{
  sales: number
  historyOnly: number
  /** Sales that were not learnt from, by reason, beside those that are history for want of history of their own. */
  leftOut: TrainingSales['leftOut']
  rows: Readonly<Record<keyof Blocks, number>>
  backend: TensorRuntime
  learning: Learning | null
  /** What the heads learnt from; null of one that had too little. */
  heads: Readonly<{ exit: ExitHead['rows'] | null; demand: Pick<DemandHead, 'rows' | 'events'> | null }>
  /** On the newest block, which neither weights nor calibration had seen. The bundle's calibration has, afterwards. */
  model: QuantileErrors
  rules: readonly Readonly<{ name: string; errors: PointErrors }>[]
  /** Other kinds of models on the same, where they were asked for. */
  rivals: readonly JudgedRival[]
  /** Item model and features are those of an earlier training on these sales. */
  isCached: boolean
  seconds: Readonly<{ read: number; items: number; features: number; fit: number; heads: number }>
}>

/**
 * Sales, of a file or of an archive → the fold of the live stream → examples → a calibrated model, evaluated beside simple rules, sealed.
 * RejectedError where the sales cannot be used (bad_sales_file, data_refused, too_few_sales); FatalError where the tfjs backend does not work.
 */
export async function trainFromSales(options: TrainingOptions): Promise<Training> {
  const { data, cleansing = noCleansing, settings = defaultTrainingSettings, seed = 1, cache = null, onProgress = () => {} } = options
  // What cannot work is found out before the first row is read.
  await startTensorRuntime(options.backend)
  const [sales, read] = await timed(() => readTrainingSales({ ...options, data, cleansing }))
  const folded = await foldSales(sales, { recipe: recipeOf(settings), seed, cache, onProgress })
  const training = await fitModel(sales, folded, { ...options, settings, seed })
  return { ...training, report: { ...training.report, seconds: { ...training.report.seconds, read } } }
}

export type FitOptions = Pick<TrainingOptions, 'backend' | 'withRivals' | 'onProgress' | 'inspect'> &
  Readonly<{ seed: number; settings: TrainingSettings }>

/** Folded sales → a calibrated model, evaluated beside simple rules, sealed. RejectedError too_few_sales. */
export async function fitModel(sales: TrainingSales, folded: Folding, options: FitOptions): Promise<Training> {
  const { seed, settings, withRivals = false, onProgress = () => {} } = options
  const runtime = await startTensorRuntime(options.backend)
  const recipe = recipeOf(settings)
  const { featureSet, family } = recipe
  const { itemEffects, dataset, isCached, seconds } = folded
  const blocks = splitBlocks(dataset.times)
  const parts = mapBlocks(blocks, (block) => examplesOf(dataset.examples, block))
  const [trained, fitSeconds] = await timed(() =>
    trainModel(family, parts, {
      ...taskOf(recipe),
      seed,
      wantsForward: true,
      onProgress: (done, total) => onProgress({ stage: 'fitting', done, total }),
    }),
  )
  const [heads, headSeconds] = await timed(() => trainHeads({ dataset, blocks, trained, seed }))
  const heldOut = openModel(trained.heldOut)
  const newest = judgeBlock(heldOut, dataset, blocks.newest)
  const report: TrainingReport = {
    sales: dataset.times.length + dataset.historyOnly,
    historyOnly: dataset.historyOnly,
    leftOut: sales.leftOut,
    rows: mapBlocks(blocks, ({ from, until }) => until - from),
    backend: runtime,
    learning: trained.learning,
    heads: {
      exit: heads.exit?.rows ?? null,
      demand: heads.demand === null ? null : { rows: heads.demand.rows, events: heads.demand.events },
    },
    model: quantileErrors(newest.quantilesUsd, newest.logPrices),
    rules: judgeRules(featureSet, parts),
    rivals: withRivals ? await judgeRivals({ recipe, settings, seed, members: trained.members, onProgress }, parts) : [],
    isCached,
    seconds: { read: 0, ...seconds, fit: fitSeconds, heads: headSeconds },
  }
  const bundle = sealBundle(
    { ...trained.model, heads: heads.exit === null && heads.demand === null ? null : heads },
    bundleContent(featureSet, dataset, sales, report, { ...settings, seed, refitted: trained.isRefitted }),
    itemEffects,
  )
  const training = { bundle, report, sales, newest }
  options.inspect?.({ ...training, unseen: { featureSet, examples: parts.newest, times: newest.times, model: heldOut } })
  for (const { forecaster } of new Set([trained.model, trained.heldOut])) forecaster.dispose()
  return training
}

async function timed<Value>(work: () => Value | Promise<Value>): Promise<[Value, seconds: number]> {
  const started = performance.now()
  const value = await work()
  return [value, (performance.now() - started) / 1_000]
}

const mapBlocks = <From, To>({ fit, stopping, newest }: Readonly<Record<keyof Blocks, From>>, map: (block: From) => To) => ({
  fit: map(fit),
  stopping: map(stopping),
  newest: map(newest),
})

const judgeRules = (featureSet: FeatureSet, { fit, newest }: Readonly<Record<'fit' | 'newest', Examples>>): TrainingReport['rules'] =>
  simpleRules(featureSet, fit).map(({ name, forecast }) => ({ name, errors: pointErrors(forecast(newest), newest.logPrices) }))

/** Dollars: the least and the greatest median price of a day. Where the market has left these, the model has learnt of another one. */
function dailyLevels({ times, examples }: Dataset): { levelLeast: number; levelMost: number } {
  const days = Map.groupBy(times.keys(), (row) => Math.floor((times[row] as number) / dayMillis))
  const medians = [...days.values()].map((rows) => Math.exp(median(rows.map((row) => examples.logPrices[row] as number))))
  return { levelLeast: Math.min(...medians), levelMost: Math.max(...medians) }
}

/** No duration and no time of making: the same sales, seed and backend must give the same bundle. */
function bundleContent(
  featureSet: FeatureSet,
  dataset: Dataset,
  from: TrainingSales,
  report: TrainingReport,
  settings: object,
): BundleContent {
  const { model, rules, rows, learning, backend, sales, historyOnly, leftOut } = report
  const medianApeOf = (rule: string): number => rules.find(({ name }) => name === rule)?.errors.medianApe ?? Number.NaN
  return {
    featureSet: { name: featureSet.name, hash: featureSet.hash },
    source: from.source,
    dataset: { id: from.dataset.id, rows: dataset.times.length },
    trainedFrom: dataset.times[0] as number,
    trainedUntil: dataset.times.at(-1) as number,
    metrics: {
      ...model,
      lastSimilarMedianApe: medianApeOf('last similar sale'),
      similarMedianApe: medianApeOf('median of last 8 similar'),
      constantMedianApe: medianApeOf('constant'),
      ...dailyLevels(dataset),
    },
    training: {
      ...settings,
      rows,
      sales,
      historyOnly,
      leftOut,
      kept: learning?.kept ?? null,
      evaluatedOn: 'the newest block, calibrated on the one before',
      backend: backend.backend,
      versions: { flipstream: packageJson.version, tfjs: backend.version },
    },
  }
}
