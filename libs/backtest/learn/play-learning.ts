import { dayMillis } from '#lib/clock/durations.ts'
import { saveBundle } from '#lib/model/bundle/bundle.ts'
import { type BackendChoice, startTensorRuntime, type TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { trainFromSales } from '#lib/training/train-from-sales.ts'
import { defaultTrainingSettings, fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { Source } from '#schemas/types.ts'
import { createSaleBook } from '../money/sale-book.ts'
import type { ExecutionSettings } from '../money/settings.ts'
import { readSales, spanOf } from '../play-sales.ts'
import type { ProgressBar } from '../progress.ts'
import { type DayModel, daysBetween } from '../walk-forward.ts'
import { type ArmMarket, bundleFrom, type PlayedArm, playArm, playJudged } from './arms.ts'
import { type ArmDay, armDays, armMoney, assessArms, type LearningResult } from './result.ts'

export type LearningOptions = Readonly<{
  salesFile: string
  source: Source
  /** Null: as of a backtest. */
  from: number | null
  to: number | null
  execution: ExecutionSettings
  partitions: number
  backend: BackendChoice
  seed: number
  /** The full settings of training: minutes a day instead of seconds. */
  full: boolean
  progress: ProgressBar
}>

/** One bundle a night, shared by all arms; then the arms, one after the other. */
export async function playLearning(options: LearningOptions): Promise<LearningResult> {
  const { salesFile, source, partitions, execution, seed, progress } = options
  const cpu = process.cpuUsage()
  const events = await readSales(salesFile, source)
  const span = spanOf(events, options)
  const { backend } = await startTensorRuntime(options.backend)
  const store = createMemoryStore()
  const models = await trainNights({ ...options, span, backend, store })
  const market: ArmMarket = { events, models, store, source, backend, partitions }
  const book = createSaleBook(events)
  const first = models[0] as DayModel
  progress.show(0.6, 'frozen')
  const frozen = await playArm(market, () => first)
  progress.show(0.65, 'nightly, unjudged')
  const nightly = await playArm(market, (day) => models[day] as DayModel)
  progress.show(0.7, 'judged by the learner')
  const judged = await playJudged(market)
  const alone: ArmDay[][] = []
  for (const place of models.keys()) {
    progress.show(0.75 + (0.2 * place) / models.length, `hindsight: bundle ${place + 1} of ${models.length}`)
    alone.push(armDays((await playArm(market, bundleFrom(models, place))).candidates))
  }
  const hindsight = await playArm(market, (day) => models[bestOf(alone, day, dayAt((models[day] as DayModel).from))] as DayModel)
  const arms: Readonly<Record<string, PlayedArm>> = { frozen, nightly, judged, hindsight }
  const money = (arm: PlayedArm) => armMoney(arm.candidates, { book, execution, span, seed })
  const { user, system } = process.cpuUsage(cpu)
  return assessArms({ arms, money, models, cpuSeconds: (user + system) / 1e6 })
}

const dayAt = (at: number): number => Math.floor(at / dayMillis)

/** The bundle of least loss on a day, among those that there were by that night. A day without sales is in no list. */
export function bestOf(alone: readonly (readonly Pick<ArmDay, 'day' | 'loss'>[])[], night: number, day: number): number {
  const losses = alone.slice(0, night + 1).map((days) => days.find((one) => one.day === day)?.loss ?? Number.POSITIVE_INFINITY)
  return losses.indexOf(Math.min(...losses))
}

type Nights = Omit<LearningOptions, 'backend' | 'from' | 'to'> &
  Readonly<{ span: Readonly<{ from: number; to: number }>; backend: TensorRuntime['backend']; store: ArmMarket['store'] }>

async function trainNights({ salesFile, source, span, backend, seed, full, store, progress }: Nights): Promise<DayModel[]> {
  const days = daysBetween(span.from, span.to)
  const models: DayModel[] = []
  for (const [index, day] of days.entries()) {
    progress.show((0.6 * index) / days.length, `training night ${index + 1} of ${days.length}`)
    const { bundle, report } = await trainFromSales({
      data: { kind: 'file', file: salesFile, part: { until: day.from }, source },
      backend,
      seed,
      settings: full ? defaultTrainingSettings : fastTrainingSettings,
      onProgress: () => {},
    })
    await saveBundle(store, bundle)
    const { modelId, manifest } = bundle
    models.push({
      ...day,
      modelId,
      featureSetHash: manifest.featureSet.hash,
      trainedUntil: manifest.trainedUntil,
      trainedOnSales: report.sales,
    })
  }
  return models
}
