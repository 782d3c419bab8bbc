import { createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import type { Archive } from '#lib/archive/archive.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { BackendChoice } from '#lib/model/network/tfjs-runtime.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { noCleansing } from '#lib/validation/cleansing.ts'
import { count, percent } from '#lib/words/format.ts'
import type { TrainingRun } from '#schemas/types.ts'
import type { Verdict } from '../challenge.ts'
import { createDatasetCache } from '../dataset-cache.ts'
import { foldSales } from '../fold-sales.ts'
import { createFolderCache, type FolderCacheOptions } from '../folder-cache.ts'
import { recipeOf } from '../recipe.ts'
import { nameDataset, openDataset } from '../sales/named-dataset.ts'
import { cleanSales, judgeSales, type TrainingSales } from '../sales/training-sales.ts'
import { fitModel, type Training } from '../train-from-sales.ts'
import { addTrainingCode } from '../training-code.ts'
import type { TrainingSettings } from '../training-settings.ts'
import type { Conclusion, StepName, StepNews } from './training-run.ts'

/** A model that a pipeline made, with what it is judged by. */
export type Candidate = Pick<Training, 'bundle' | 'newest' | 'report' | 'sales'>

export type PipelineOptions = Readonly<{
  run: Pick<TrainingRun, 'learnFrom' | 'learnUntil' | 'seed' | 'datasetId'>
  archive: Archive
  settings: TrainingSettings
  backend: BackendChoice
  /** Where the steps are kept. */
  folder: FolderCacheOptions
  onStep(news: StepNews): void | Promise<void>
  /** Whether it may be shown to the market, beside the champion. */
  judge(candidate: Candidate): Promise<Verdict>
  /** Bundle and data set into the object store, the word on topic `models`, the run into the tracker. Doing it again is fine. */
  register(candidate: Candidate, verdict: Verdict): Promise<void>
  /** Returns what the market will make of it, in a sentence. Doing it again is fine. */
  shadow(candidate: Candidate, verdict: Verdict): Promise<string>
}>

/**
 * A training as steps that one can see:
 *
 *   1. validate   the data set is named for ever, read from the archive, and judged
 *   2. cleanse    what a model may learn from
 *   3. features   the market folded under an item model
 *   4. fit        a calibrated model, sealed
 *   5. judge      beside the champion, on sales that neither had seen
 *   6. register   stored and announced; it prices nothing
 *   7. shadow     named as the champion's challenger: the market decides
 *
 * The first four are kept in a folder, each under a hash of code, data set and settings. Whoever is killed goes on from what is kept; the
 * last three change nothing when they are done again. Data or a model that is refused ends the run with the reason, and the champion stays.
 */
export async function runPipeline(options: PipelineOptions): Promise<Conclusion> {
  const { onStep, judge, register, shadow } = options
  try {
    const candidate = await learn(options)
    const step = stepper(onStep)
    const verdict = await step(
      'judge',
      () => judge(candidate),
      ({ why }) => ({ detail: why }),
    )
    await step('register', () => register(candidate, verdict))
    if (!verdict.promote) return { status: 'refused', sentence: verdict.why }
    return {
      status: 'finished',
      sentence: await step(
        'shadow',
        () => shadow(candidate, verdict),
        (detail) => ({ detail }),
      ),
    }
  } catch (error) {
    if (error instanceof RejectedError) return { status: 'refused', sentence: error.message }
    throw error
  }
}

async function learn({ run, archive, settings, backend, folder, onStep }: PipelineOptions): Promise<Candidate> {
  const { seed } = run
  const span = { from: run.learnFrom, until: run.learnUntil, days: null }
  const dataset = run.datasetId === null ? await nameDataset(archive, span, noCleansing) : await openDataset(archive.store, run.datasetId)
  const asked = { data: { kind: 'archive', archive, span: dataset.span, objects: dataset.objects }, cleansing: dataset.cleansing } as const
  const kept = keptSteps(folder, dataset.id, onStep)
  const judged = once(() => judgeSales(asked))

  await kept(
    'validate',
    {},
    async () => (await judged()).rows.length,
    (rows) => ({ detail: `${count(rows)} sales`, datasetId: dataset.id }),
  )
  const sales = await kept(
    'cleanse',
    {},
    async () => cleanSales(await judged(), asked),
    ({ leftOut }) => ({ detail: leftOutText(leftOut) }),
  )
  const recipe = recipeOf(settings)
  const cache = createDatasetCache(folder)
  const folded = await stepper(onStep)(
    'features',
    () => foldSales(sales, { recipe, seed, cache, onProgress: () => {} }),
    ({ dataset: { times }, isCached }) => ({ detail: `${count(times.length)} examples`, status: isCached ? 'cached' : 'done' }),
  )
  const fitted = await kept(
    'fit',
    { settings, seed, backend },
    async () => withoutSales(await fitModel(sales, folded, { seed, settings, backend })),
    ({ bundle, report }) => ({ detail: `median error ${percent(report.model.medianApe, 1)}`, modelId: bundle.modelId }),
  )
  return { ...fitted, sales }
}

type Told<Value> = (value: Value) => Omit<StepNews, 'name' | 'status'> & Partial<Pick<StepNews, 'status'>>

const stepper =
  (onStep: PipelineOptions['onStep']) =>
  async <Value>(name: StepName, work: () => Promise<Value>, described: Told<Value> = () => ({})): Promise<Value> => {
    await onStep({ name, status: 'running' })
    const value = await work()
    await onStep({ name, status: 'done', ...described(value) })
    return value
  }

/** A step whose result is kept for whoever begins again, under everything that it depends on. */
function keptSteps(folder: FolderCacheOptions, datasetId: string, onStep: PipelineOptions['onStep']) {
  const code = createHash('sha256')
  addTrainingCode(code)
  const codeHash = code.digest('hex')
  return async <Value>(name: StepName, inputs: object, work: () => Promise<Value>, described: Told<Value>): Promise<Value> => {
    const cache = createFolderCache<Value>(folder, { extension: name, what: `step ${name} is`, encode: serialize, decode: deserialize })
    const key = createHash('sha256').update(canonicalJson({ codeHash, name, datasetId, inputs })).digest('hex')
    let isCached = true
    const result = async (): Promise<Value> => {
      const known = await cache.read(key)
      if (known !== null) return known
      isCached = false
      const value = await work()
      await cache.write(key, value)
      return value
    }
    return stepper(onStep)(name, result, (value) => ({ status: isCached ? 'cached' : 'done', ...described(value) }))
  }
}

/** The sales are a step of their own, and much larger than the model. */
const withoutSales = ({ sales: _, ...training }: Training): Omit<Training, 'sales'> => training

function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let result: Promise<Value> | null = null
  return () => {
    result ??= work()
    return result
  }
}

function leftOutText(leftOut: TrainingSales['leftOut']): string {
  const parts = Object.entries(leftOut).map(([reason, sales]) => `${reason} ${count(sales)}`)
  return parts.length === 0 ? 'nothing left out' : `left out: ${parts.join(', ')}`
}
