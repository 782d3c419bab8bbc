import { dayMillis } from '#lib/clock/durations.ts'
import { modelPromotedEvent, rulesChangedEvent } from '#lib/market/event.ts'
import { saveBundle } from '#lib/model/bundle/bundle.ts'
import { type BackendChoice, startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import type { TrainingProgress } from '#lib/training/progress.ts'
import { trainFromSales } from '#lib/training/train-from-sales.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { type Chain, type ChainOptions, createChain } from './chain.ts'
import { withListings } from './listings-from-sales.ts'

export type WalkForwardOptions = Readonly<{
  /** The events are its sales. */
  salesFile: string
  events: readonly MarketEvent[]
  source: Source
  /** The market's time, milliseconds, half open. Sales before `from` are history. */
  from: number
  to: number
  rules: RuleSet
  alternatives?: readonly RuleSet[]
  backend: BackendChoice
  seed: number
  /** Where the bundles are kept: whoever plays again needs no training. */
  store?: ObjectStore
  onProgress?: (progress: WalkForwardProgress) => void
}> &
  Pick<ChainOptions, 'onDecided' | 'onFeatures' | 'onRefused' | 'partitions'>

export type WalkForwardProgress = Readonly<{ day: number; days: number; training: TrainingProgress | null }>

/** What priced a day: a model that has seen nothing of it. */
export type DayModel = Readonly<{
  from: number
  to: number
  modelId: string
  featureSetHash: string
  trainedUntil: number
  trainedOnSales: number
}>

/**
 * Day after day: a model is trained on every sale before the day, as `flipstream train --until --fast` does it, promoted, and the day's sales are
 * played as listings through the chain. One market's state runs through all of it, as live.
 */
export async function walkForward(options: WalkForwardOptions): Promise<readonly DayModel[]> {
  const { events, from, to, onProgress = () => {} } = options
  const { backend } = await startTensorRuntime(options.backend)
  const store = options.store ?? createMemoryStore()
  const walk = await openWalk({ ...options, backend, store })
  const days = daysBetween(from, to)
  const models: DayModel[] = []
  for (const [index, day] of days.entries()) {
    const { bundle, report } = await trainFromSales({
      data: { kind: 'file', file: options.salesFile, part: { until: day.from }, source: options.source },
      backend,
      seed: options.seed,
      // A model a day: with the full settings each would take minutes.
      settings: fastTrainingSettings,
      onProgress: (training) => onProgress({ day: index + 1, days: days.length, training }),
    })
    await saveBundle(store, bundle)
    onProgress({ day: index + 1, days: days.length, training: null })
    const { modelId, manifest } = bundle
    const model = {
      ...day,
      modelId,
      featureSetHash: manifest.featureSet.hash,
      trainedUntil: manifest.trainedUntil,
      trainedOnSales: report.sales,
    }
    models.push(model)
    // History is read by the first model's item model, which has learnt of each of its days from the days before only.
    const before = index === 0 ? events.filter(({ eventTime }) => eventTime < from) : []
    const played = events.filter(({ eventTime }) => eventTime >= day.from && eventTime < day.to)
    await walk.chain.play([...walk.opening(model, before), ...withListings(played)])
  }
  return models
}

type OpenWalkOptions = Pick<
  WalkForwardOptions,
  'rules' | 'source' | 'from' | 'alternatives' | 'onDecided' | 'onFeatures' | 'onRefused' | 'partitions'
> &
  Readonly<{ store: ObjectStore; backend: string }>

export type Walk = Readonly<{
  chain: Chain
  /** What comes before a day's events: its model's promotion; on the first day the history and the rules too. */
  opening(model: Pick<DayModel, 'from' | 'modelId' | 'featureSetHash'>, history: readonly MarketEvent[]): MarketEvent[]
}>

/** A chain with the models and rules of a store, and the decisions that it plays by. */
export async function openWalk({ store, rules, source, from, ...options }: OpenWalkOptions): Promise<Walk> {
  const rulesStore = createRulesStore(store)
  const chain = createChain({
    ...options,
    models: createModelCache({ store, capacity: 2 }),
    itemModels: createItemModelCache({ store }),
    rules: rulesStore,
    codeVersion: packageJson.version,
  })
  const rulesHash = await rulesStore.publish(rules)
  const observation = (at: number) => ({ observedAt: at - 1, origin: 'live', source }) as const
  return {
    chain,
    opening(model, history) {
      const promotion = { modelId: model.modelId, featureSetHash: model.featureSetHash, reason: 'walk-forward' }
      const promoted = modelPromotedEvent(promotion, observation(history[0]?.observedAt ?? model.from))
      if (model.from !== from) return [promoted]
      return [promoted, ...history, rulesChangedEvent({ rulesHash, rules: ruleSetText(rules), reason: 'backtest' }, observation(from))]
    },
  }
}

/** From midnight to midnight (UTC); the first and the last may be shorter. */
export function daysBetween(from: number, to: number): { from: number; to: number }[] {
  const days: { from: number; to: number }[] = []
  for (let begin = from; begin < to; ) {
    const end = Math.min(to, (Math.floor(begin / dayMillis) + 1) * dayMillis)
    days.push({ from: begin, to: end })
    begin = end
  }
  return days
}
