/**
 * How fast the champion scores, and how good and fast our boosted trees are, beside LightGBM's Python API and the Flask service:
 * Everything runs on one thread. Rates are given by the clock and by processor time: on a busy machine only the second says something
 * about the code.
 */
import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { reasonOf } from '#lib/features/reasons.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { openModel, trainModel } from '#lib/model/bundle/trained-model.ts'
import { quantileErrors } from '#lib/model/evaluation.ts'
import { quantileOfSorted } from '#lib/model/input-encoding.ts'
import { targetsOf } from '#lib/model/model-family.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import type { Examples, PriceModel } from '#lib/model/price-model.ts'
import { defaultTreeSettings, fitTrees } from '#lib/model/trees/fit-trees.ts'
import { predictTrees } from '#lib/model/trees/tree-ensemble.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import { examplesOf, splitBlocks } from '#lib/training/blocks.ts'
import { trainHeads } from '#lib/training/heads.ts'
import { fitItemModel, foldUnder, recipeOf, taskOf } from '#lib/training/recipe.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { FeaturizedListing, MarketEvent } from '#schemas/types.ts'
import { recordedSales } from '../../tests/market-data.ts'
import { scriptOptions } from '../script-options.ts'
import { machineNow } from './machine.ts'
import { type BenchRows, measureFlask, type Speed, scorePython, type TrainingRun, withLightGbm } from './score-peers.ts'

const batches = [1, 32, 128] as const
/** What the peer's bench of LightGBM trains: 300 trees of 63 leaves on the absolute error. */
const treeSettings = {
  ...defaultTreeSettings,
  objective: { kind: 'quantiles', levels: [0.5] } as const,
  rounds: 300,
  learningRate: 0.05,
  mostLeaves: 63,
  columnShare: 0.3,
  rowShare: 1,
}
const fitShare = 0.75

const help = `npm run bench:score [-- options]: how fast the champion scores, beside LightGBM's Python API and Flask

  --sales FILE.csv            recorded sales (default: those of FLIPSTREAM_DATA)
  --only score|trees|flask    one part (default: all)
  --runs 3                    median and spread are told
  --seconds 4                 of each measurement
  --fast                      the champion of flipstream train --fast
  --json                      the result as JSON`

const { values } = scriptOptions(help, {
  sales: { type: 'string', default: process.env['FLIPSTREAM_DATA'] === undefined ? '' : recordedSales() },
  runs: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '4' },
  only: { type: 'string' },
  fast: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
})
if (!existsSync(values.sales)) throw new Error(`no sales at ${values.sales}: give --sales FILE.csv`)
const wants = (part: 'score' | 'trees' | 'flask') => values.only === undefined || values.only === part
const [runs, seconds] = [Number(values.runs), Number(values.seconds)]
const say = (line: string) => process.stderr.write(`${line}\n`)

const recipe = recipeOf(values.fast ? fastTrainingSettings : defaultTrainingSettings)
const { featureSet } = recipe
const task = taskOf(recipe)

async function readExamples() {
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(values.sales)) events.push(event)
  say(`folding ${events.length} sales under the champion's recipe`)
  const itemModel = await fitItemModel(events, recipe, 1)
  return foldUnder(events, recipe, itemModel, { learnt: events })
}

/** Calls with one batch after another for `seconds`, after a warm-up: a different batch each time, as in a stream. */
function speedOf(batch: number, rows: number, act: (from: number) => void): Speed {
  const millis: number[] = []
  const cpuMillis: number[] = []
  const last = rows - batch
  const runFor = (duration: number): void => {
    const stop = performance.now() + duration
    for (let call = 0; performance.now() < stop; call++) {
      const [started, used] = [performance.now(), process.cpuUsage()]
      act((call * batch) % last)
      const { user, system } = process.cpuUsage(used)
      millis.push(performance.now() - started)
      cpuMillis.push((user + system) / 1_000)
    }
  }
  runFor(1_000)
  millis.length = 0
  cpuMillis.length = 0
  const cpu = process.cpuUsage()
  runFor(seconds * 1_000)
  const { user, system } = process.cpuUsage(cpu)
  const sorted = Float64Array.from(millis).sort()
  const [p50Millis, p99Millis] = [quantileOfSorted(sorted, 0.5), quantileOfSorted(sorted, 0.99)]
  const cpuP99Millis = quantileOfSorted(Float64Array.from(cpuMillis).sort(), 0.99)
  return {
    batch,
    calls: millis.length,
    p50Millis,
    p99Millis,
    cpuP99Millis,
    rowsPerCpuSecond: (1e6 * batch * millis.length) / (user + system),
  }
}

/** The scorer's own processor on listings that ask what they sold for: forecast, novelty, calibration, and reasons where they are due. */
function scorerSpeeds(model: PriceModel, { vectors, levels, logPrices }: Examples): Speed[] {
  const { vectorWidth } = model
  const usable = { ...model, featureSetHash: featureSet.hash, trainedUntil: 0, source: 'recorded' as const }
  let level = 0
  const processor = createScorerProcessor({
    model: () => usable,
    featureSet: () => ({ levelOf: () => level }),
    reasonOf,
    backend: 'wasm',
    codeVersion: 'bench',
  })
  const inputs = Array.from(levels, (_, row) => {
    const vector = Buffer.from(vectors.slice(row * vectorWidth, (row + 1) * vectorWidth).buffer)
    const ask = { ...sampleScored.listing.ask, usd: Math.exp(logPrices[row] as number) }
    const value: FeaturizedListing = {
      featureSet: featureSet.name,
      featureSetHash: featureSet.hash,
      vector,
      listing: { ...sampleScored.listing, ask, modelId: 'champion' },
    }
    return { value, record: { topic: 'listings.features', partition: 0, offset: row, timestamp: 0, key: null, headers: {} } }
  })
  return batches.map((batch) =>
    speedOf(batch, inputs.length, (from) => {
      level = levels[from] as number
      processor.process(inputs.slice(from, from + batch), null)
    }),
  )
}

async function trainOurs({ vectors, targets, columns, fit }: BenchRows, seed: number): Promise<TrainingRun> {
  const width = columns.length
  const [started, cpu] = [performance.now(), process.cpuUsage()]
  const examples = { vectors: vectors.subarray(0, fit * width), targets: targets.subarray(0, fit) }
  const { ensemble } = await fitTrees(examples, columns, { ...treeSettings, seed })
  const { user, system } = process.cpuUsage(cpu)
  const spent = { wallSeconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6 }
  const forecasts = predictTrees(ensemble, vectors.subarray(fit * width))
  const ape = forecasts.map((forecast, row) => Math.abs(Math.exp(forecast - (targets[fit + row] as number)) - 1)).sort()
  return { ...spent, medianApe: quantileOfSorted(ape, 0.5) }
}

const round = (value: number, digits: number): string => value.toFixed(digits)
const speedLine = (name: string, { batch, calls, p50Millis, p99Millis, cpuP99Millis, rowsPerCpuSecond }: Speed): string =>
  `  ${name.padEnd(34)} batch ${String(batch).padStart(3)}  n ${String(calls).padStart(6)}  p50 ${round(p50Millis, 3)} ms  p99 ${round(p99Millis, 3)} ms${cpuP99Millis === undefined ? '' : ` (of processor time ${round(cpuP99Millis, 3)} ms)`}` +
  `  a row: p50 ${round((1_000 * p50Millis) / batch, 1)} µs, p99 ${round((1_000 * p99Millis) / batch, 1)} µs` +
  `  ${Math.round((1_000 * batch) / p50Millis)} rows/s at p50, ${Math.round(rowsPerCpuSecond)} per processor second`

function trainingLine(name: string, measured: readonly TrainingRun[]): string {
  const spread = (figure: (run: TrainingRun) => number, digits: number): string => {
    const sorted = measured.map(figure).sort((a, b) => a - b)
    return `${round(sorted[sorted.length >> 1] as number, digits)} (${round(sorted[0] as number, digits)} to ${round(sorted.at(-1) as number, digits)})`
  }
  return (
    `  ${name.padEnd(12)} ${spread(({ wallSeconds }) => wallSeconds, 2)} s, ${spread(({ cpuSeconds }) => cpuSeconds, 2)} s of processor time,` +
    ` median error ${spread(({ medianApe }) => 100 * medianApe, 2)}%`
  )
}

const print = (line: string): void => {
  if (!values.json) process.stdout.write(`${line}\n`)
}
const report: Record<string, unknown> = {}

print(machineNow())
await startTensorRuntime('wasm')
const python = scorePython(say)

if (wants('score') || wants('trees')) {
  const dataset = await readExamples()
  const { examples, times } = dataset
  const blocks = splitBlocks(times)
  const newest = examplesOf(examples, blocks.newest)
  if (wants('score')) {
    say('training the champion')
    const parts = { fit: examplesOf(examples, blocks.fit), stopping: examplesOf(examples, blocks.stopping), newest }
    const trained = await trainModel(recipe.family, parts, { ...task, seed: 1, wantsForward: true })
    const { model, heldOut, learning } = trained
    const heads = await trainHeads({ dataset, blocks, trained, seed: 1 })
    const errors = quantileErrors(openModel(heldOut).predict(newest.vectors, newest.levels).quantilesUsd, newest.logPrices)
    const { weights } = model.forecaster.store()
    const speeds = scorerSpeeds(openModel({ ...model, heads }), newest)
    const headless = scorerSpeeds(openModel(model), newest)
    report['champion'] = { kind: model.kind, kept: learning?.kept ?? null, bytes: weights.length, errors, speeds, headless }
    print(`champion: ${model.kind}, ${learning?.kept ?? '-'} ${learning?.step ?? 'step'}s, ${(weights.length / 2 ** 20).toFixed(1)} MiB;`)
    print(
      `  on the ${errors.rows} newest sales median error ${round(100 * errors.medianApe, 2)}%, 5-95% holds ${round(100 * errors.coverage90, 1)}%`,
    )
    for (const speed of speeds) print(speedLine('champion, the whole scorer', speed))
    for (const speed of headless) print(speedLine('the same without its heads', speed))
  }
  if (python !== null) {
    const rows = {
      vectors: examples.vectors,
      targets: targetsOf(examples),
      columns: task.columns,
      fit: Math.floor(times.length * fitShare),
    }
    const [ours, theirs]: [TrainingRun[], TrainingRun[]] = [[], []]
    for (let run = 1; wants('trees') && run <= runs; run++) {
      say(`300 trees of 63 leaves, ours and LightGBM's: run ${run} of ${runs}`)
      ours.push(await trainOurs(rows, run))
      theirs.push(withLightGbm(python, rows, treeSettings, (lightGbm) => lightGbm.train(run)))
    }
    if (wants('trees')) {
      report['training'] = { ours, lightGbm: theirs }
      print(
        `300 trees of 63 leaves on ${rows.fit} × ${task.columns.length}, asked about the next ${times.length - rows.fit}; a seed each run:`,
      )
      print(trainingLine('ours', ours))
      print(trainingLine('LightGBM', theirs))
    }
    if (wants('score')) {
      const speeds = withLightGbm(python, rows, treeSettings, (lightGbm) => lightGbm.speeds(batches, seconds))
      report['lightGbm'] = speeds
      for (const speed of speeds) print(speedLine('LightGBM (one quantile), Python API', speed))
    }
  }
}
if (wants('flask') && python !== null) {
  const lines = await measureFlask(python, values.sales, batches, say)
  report['flask'] = lines
  if (lines.length > 0) print('the Flask service, one client, its own load test:')
  for (const line of lines) print(`  ${line}`)
}
print(`load ${loadavg()[0]?.toFixed(1)}`)
if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`)
