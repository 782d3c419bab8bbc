import { dayMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { openModel, trainModel } from '#lib/model/bundle/trained-model.ts'
import { concatExamples, type Examples, type HeadAnswers } from '#lib/model/price-model.ts'
import { medianIndex, quantileCount } from '#lib/model/quantile-head.ts'
import { fitResidualQuantiles, spreadOut } from '#lib/model/simple/residual-quantiles.ts'
import { examplesOf, splitBlocks } from '#lib/training/blocks.ts'
import type { Dataset } from '#lib/training/dataset.ts'
import { trainHeads } from '#lib/training/heads.ts'
import { demandOutcomes, exitsOf, salesOf } from '#lib/training/outcomes.ts'
import type { TrainingProgress } from '#lib/training/progress.ts'
import { fitItemModel, foldUnder, type Recipe, taskOf } from '#lib/training/recipe.ts'
import { type SimpleRule, simpleRules } from '#lib/training/simple-rules.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { type AlertedErrors, alertedErrors } from './alerted.ts'
import { type DemandErrors, demandErrors } from './demand-errors.ts'
import { type ForecastErrors, forecastErrors, type MeanErrors, meanErrors } from './forecast-errors.ts'

/** A model to be judged beside others. All see the same sales, at the same moments. */
export type Candidate = Readonly<{
  name: string
  recipe: Recipe
  /** What it knows of the market besides the sales, such as a leaderboard: folded before the first sale. */
  known: readonly MarketEvent[]
}>

export type EvaluationOptions = Readonly<{
  /** Sales that models learn from, and later ones that they are asked about, each in the order of time. */
  train: readonly MarketEvent[]
  test: readonly MarketEvent[]
  /** The first is the champion. Those of one feature set stand together: its features are made once. */
  candidates: readonly [Candidate, ...Candidate[]]
  /** Fits anew at each midnight (UTC) of the test; else weights are frozen after `train`. Features see sales as they happen either way. */
  walkForward: boolean
  seed: number
  onProgress?: (progress: EvaluationProgress) => void
}>

export type EvaluationProgress = Readonly<{ model: string; fold: number; folds: number; training: TrainingProgress }>

export type ModelErrors = ForecastErrors &
  Readonly<{
    alerted: AlertedErrors
    /** Null for a model without a head of demand, and where too little was watched. */
    demand: DemandErrors | null
    /** How good the mean over the quantiles is. */
    mean: MeanErrors
    /** To fit, and to forecast; features are counted once for all. */
    seconds: number
  }>

/** All that an evaluation says, as plain data. */
export type Evaluation = Readonly<{
  /** Sales that were forecast. */
  n: number
  champion: string
  models: Readonly<Record<string, ModelErrors>>
  /** The champion's. */
  alerted: AlertedErrors
  demand: DemandErrors | null
  mean: MeanErrors
  testedFrom: number
  testedUntil: number
  folds: number
  /** To fit item models and to fold all sales. */
  seconds: Readonly<{ items: number; features: number }>
}>

/**
 * Trains on the first sales and walks through the later ones in the order of time.
 * RejectedError: too_few_sales where there is too little to learn from, test_too_early where the test begins before training ends.
 */
export async function evaluate(options: EvaluationOptions): Promise<Evaluation> {
  const folds = foldsOf(options)
  const models: Record<string, ModelErrors> = {}
  const seconds = { items: 0, features: 0 }
  let current: { candidate: Candidate; made: Prepared } | null = null
  for (const candidate of options.candidates) {
    if (current === null || !isMadeAlike(current.candidate, candidate)) {
      current = { candidate, made: await prepare(options, candidate, folds) }
      seconds.items += current.made.seconds.items
      seconds.features += current.made.seconds.features
    }
    const { made } = current
    models[candidate.name] = await judge(made, (fold) => forecastBy(candidate, made, fold, options))
    if (candidate === options.candidates[0])
      for (const name of ruleNames(candidate.recipe))
        models[name] = await judge(made, (fold) => forecastByRule(candidate.recipe, name, made, fold))
  }
  const times = (current as { made: Prepared }).made.asked.times
  const champion = options.candidates[0].name
  const { alerted, demand, mean } = models[champion] as ModelErrors
  return {
    n: times.length,
    champion,
    models,
    alerted,
    demand,
    mean,
    testedFrom: times[0] as number,
    testedUntil: times.at(-1) as number,
    folds: folds.length,
    seconds,
  }
}

/** Asked about are the sales of a half open span of time; learnt from are all before it. */
type Fold = Readonly<{ number: number; folds: number; from: number; until: number }>

function foldsOf({ train, test, walkForward }: EvaluationOptions): Fold[] {
  const [learnt, first, last] = [train.at(-1)?.eventTime, test[0]?.eventTime, test.at(-1)?.eventTime]
  if (learnt === undefined || first === undefined || last === undefined)
    throw new RejectedError('too_few_sales', 'expected sales to learn from and later ones to be asked about, found none')
  if (first < learnt) {
    const [ends, begins] = [learnt, first].map((time) => new Date(time).toISOString())
    throw new RejectedError('test_too_early', `expected the test to begin after training ends, at ${ends}; it begins at ${begins}`)
  }
  const starts = [first]
  if (walkForward)
    for (let midnight = (Math.floor(first / dayMillis) + 1) * dayMillis; midnight <= last; midnight += dayMillis) starts.push(midnight)
  return starts.map((from, index) => ({ number: index + 1, folds: starts.length, from, until: starts[index + 1] ?? last + 1 }))
}

/** Examples of all sales, and which of them are asked about. */
type Prepared = Readonly<{
  dataset: Dataset
  folds: readonly Fold[]
  asked: Readonly<{ logPrices: Float64Array; times: Float64Array; resaleLogPrices: Float64Array }> & Exited
  seconds: Readonly<{ items: number; features: number }>
}>

/** What came after each sale that is asked about. */
type Exited = Readonly<{ exitLogPrices: Float64Array; exitIsOwn: Uint8Array; knownUntil: number }>

const isMadeAlike = (one: Candidate, other: Candidate): boolean =>
  one.recipe.featureSet === other.recipe.featureSet && one.recipe.itemModel === other.recipe.itemModel && one.known === other.known

/** Refitted daily, item models come with it: each of their eras begins at a midnight and has learnt from what was before it. */
async function prepare(options: EvaluationOptions, { name, recipe, known }: Candidate, folds: readonly Fold[]): Promise<Prepared> {
  const { train, test, walkForward, seed } = options
  const sales = [...train, ...test]
  const onProgress = (training: TrainingProgress) => options.onProgress?.({ model: name, fold: 1, folds: folds.length, training })
  const started = performance.now()
  const itemEffects = await fitItemModel([...known, ...(walkForward ? sales : train)], recipe, seed, onProgress)
  const fitted = performance.now()
  const dataset = foldUnder([...known, ...sales], recipe, itemEffects, { learnt: train, onProgress })
  const seconds = { items: (fitted - started) / 1_000, features: (performance.now() - fitted) / 1_000 }
  const from = dataset.times.findIndex((time) => time >= (folds[0] as Fold).from)
  if (from < 0) throw new RejectedError('too_few_sales', 'none of the sales to be asked about could be given features')
  const [logPrices, times] = [dataset.examples.logPrices.subarray(from), dataset.times.subarray(from)]
  const resaleLogPrices = resalesOf(dataset.tokenIds.slice(from), logPrices, times)
  return { dataset, folds, asked: { logPrices, times, resaleLogPrices, ...exitedFrom(dataset, from) }, seconds }
}

function exitedFrom(dataset: Dataset, from: number): Exited {
  const exits = exitsOf(salesOf(dataset))
  return {
    exitLogPrices: exits.logPrices.subarray(from),
    exitIsOwn: exits.isOwn.subarray(from),
    knownUntil: dataset.times.at(-1) as number,
  }
}

/** What the axie of each sale sold for next, log dollars; NaN where it was not seen again. */
function resalesOf(tokenIds: readonly string[], logPrices: Float64Array, times: Float64Array): Float64Array {
  const next = new Map<string, number>()
  const resales = new Float64Array(logPrices.length).fill(Number.NaN)
  for (let row = logPrices.length - 1; row >= 0; row--) {
    const tokenId = tokenIds[row] as string
    const later = next.get(tokenId)
    if (later !== undefined && (times[later] as number) > (times[row] as number)) resales[row] = logPrices[later] as number
    next.set(tokenId, row)
  }
  return resales
}

/** What is forecast of a fold's sales, taken as listings at their price: quantiles (rows × 5, dollars), and what the heads say where there are any. */
type Answered = Readonly<{ quantilesUsd: Float64Array }> & HeadAnswers
type ForecastFold = (fold: Fold) => Answered | Promise<Answered>

async function judge(made: Prepared, forecast: ForecastFold): Promise<ModelErrors> {
  const { folds, asked } = made
  const started = performance.now()
  const answers: Answered[] = []
  for (const fold of folds) answers.push(await forecast(fold))
  const seconds = (performance.now() - started) / 1_000
  const quantilesUsd = joined(answers.map((answer) => answer.quantilesUsd))
  const exitUsd = joined(answers.map((answer) => answer.exitUsd ?? answer.quantilesUsd))
  return {
    ...forecastErrors({ ...asked, quantilesUsd }),
    alerted: alertedErrors({ ...asked, quantilesUsd, exitUsd }),
    demand: demandOf(made, quantilesUsd, answers),
    mean: meanErrors(quantilesUsd, asked.logPrices),
    seconds,
  }
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

function demandOf({ dataset, asked }: Prepared, quantilesUsd: Float64Array, answers: readonly Answered[]): DemandErrors | null {
  const rates = answers.flatMap(({ demandRates }) => demandRates ?? [])
  if (rates.length < answers.length) return null
  const from = dataset.times.length - asked.times.length
  const rows = Array.from(asked.times.keys(), (row) => from + row)
  const logAsked = rows.map((_, row) => Math.log(quantilesUsd[row * quantileCount + medianIndex] as number))
  return demandErrors(joined(rates), demandOutcomes(salesOf(dataset), rows, logAsked))
}

const rowBefore = (times: Float64Array, time: number): number => {
  const row = times.findIndex((soldAt) => soldAt >= time)
  return row < 0 ? times.length : row
}

const saysNoMore: HeadAnswers = { exitUsd: null, demandRates: null }

const rowsIn = ({ dataset: { times } }: Prepared, { from, until }: Fold): [from: number, until: number] => [
  rowBefore(times, from),
  rowBefore(times, until),
]

function askedIn(made: Prepared, fold: Fold): Examples {
  const [from, until] = rowsIn(made, fold)
  return examplesOf(made.dataset.examples, { from, until })
}

function learntBefore({ dataset }: Prepared, { from }: Fold) {
  const blocks = splitBlocks(dataset.times.subarray(0, rowBefore(dataset.times, from)))
  const part = (name: keyof typeof blocks): Examples => examplesOf(dataset.examples, blocks[name])
  return { blocks, parts: { fit: part('fit'), stopping: part('stopping'), newest: part('newest') } }
}

async function forecastBy({ name, recipe }: Candidate, made: Prepared, fold: Fold, options: EvaluationOptions): Promise<Answered> {
  const onProgress = (done: number, total: number): void =>
    options.onProgress?.({ model: name, fold: fold.number, folds: fold.folds, training: { stage: 'fitting', done, total } })
  const { seed } = options
  const { blocks, parts } = learntBefore(made, fold)
  // Heads are the champion's only: the others are there to be compared by their forecasts.
  const wantsForward = name === options.candidates[0].name
  const trained = await trainModel(recipe.family, parts, { ...taskOf(recipe), seed, wantsForward, onProgress })
  const heads = await trainHeads({ dataset: made.dataset, blocks, trained, seed })
  const model = openModel({ ...trained.model, heads })
  try {
    const { vectors, levels, logPrices } = askedIn(made, fold)
    const forecasts = model.predict(vectors, levels)
    const alike = made.dataset.alike.slice(...rowsIn(made, fold))
    const answers = model.ask?.({ vectors, levels, forecasts, asksUsd: logPrices.map(Math.exp), alike })
    return { quantilesUsd: forecasts.quantilesUsd, ...(answers ?? saysNoMore) }
  } finally {
    for (const { forecaster } of new Set([trained.model, trained.heldOut])) forecaster.dispose()
  }
}

const ruleNames = ({ featureSet }: Recipe): string[] => simpleRules(featureSet, noExamples).map(({ name }) => name)
const noExamples: Examples = { vectors: new Float32Array(0), levels: new Float64Array(0), logPrices: new Float64Array(0) }

/** A rule says one number: its intervals are those of its errors on the newest of what was before. */
function forecastByRule({ featureSet }: Recipe, name: string, made: Prepared, fold: Fold): Answered {
  const { fit, stopping, newest } = learntBefore(made, fold).parts
  const rule = simpleRules(featureSet, fit).find((one) => one.name === name) as SimpleRule
  const recent = concatExamples([stopping, newest])
  const logs = spreadOut(rule.forecast(askedIn(made, fold)), fitResidualQuantiles(rule.forecast(recent), recent.logPrices))
  return { quantilesUsd: logs.map(Math.exp), ...saysNoMore }
}
