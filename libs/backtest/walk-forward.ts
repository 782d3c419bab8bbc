import { modelPromotedEvent, rulesChangedEvent } from '#lib/market/event.ts'
import { dayMillis } from '#lib/market/horizons.ts'
import { saveBundle } from '#lib/model/bundle/bundle.ts'
import { type BackendChoice, startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { type RuleSet, ruleSetText } from '#lib/rules/rule-set.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import type { TrainingProgress } from '#lib/training/progress.ts'
import { trainFromSales } from '#lib/training/train-from-sales.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { type ChainOptions, createChain } from './chain.ts'
import { withListings } from './listings-from-sales.ts'

export type WalkForwardOptions = Readonly<{
  /** The events are its sales. */
  salesFile: string
  events: readonly MarketEvent[]
  source: Source
  /** Of the market, milliseconds: half open. Sales before `from` are history. */
  from: number
  to: number
  rules: RuleSet
  alternatives?: readonly RuleSet[]
  backend: BackendChoice
  seed: number
  onProgress?: (progress: WalkForwardProgress) => void
}> &
  Pick<ChainOptions, 'onDecided' | 'onFeatures' | 'onRefused' | 'partitions'>

export type WalkForwardProgress = Readonly<{ day: number; days: number; training: TrainingProgress | null }>

/** What priced a day: a model that has seen nothing of it. */
export type DayModel = Readonly<{ from: number; to: number; modelId: string; trainedUntil: number; trainedOnSales: number }>

/**
 * Day after day: a model is trained on every sale before the day, as `flipstream train --until --fast` does it, promoted, and the day's sales are
 * played as listings through the chain. One market's state runs through all of it, as live.
 */
export async function walkForward(options: WalkForwardOptions): Promise<readonly DayModel[]> {
  const { events, from, to, rules, source, onProgress = () => {} } = options
  const { backend } = await startTensorRuntime(options.backend)
  const store = createMemoryStore()
  const rulesStore = createRulesStore(store)
  const chain = createChain({
    ...options,
    models: createModelCache({ store, capacity: 2 }),
    itemModels: createItemModelCache({ store }),
    rules: rulesStore,
    backend,
    codeVersion: packageJson.version,
  })
  const observation = (at: number) => ({ observedAt: at - 1, origin: 'live', source }) as const
  const rulesHash = await rulesStore.publish(rules)
  const rulesChanged = rulesChangedEvent({ rulesHash, rules: ruleSetText(rules), reason: 'backtest' }, observation(from))
  const days = daysBetween(from, to)
  const models: DayModel[] = []
  for (const [index, day] of days.entries()) {
    const { bundle, report } = await trainFromSales({
      data: { kind: 'file', file: options.salesFile, part: { until: day.from }, source },
      backend,
      seed: options.seed,
      // A model a day: with the full settings each would take minutes.
      settings: fastTrainingSettings,
      onProgress: (training) => onProgress({ day: index + 1, days: days.length, training }),
    })
    await saveBundle(store, bundle)
    onProgress({ day: index + 1, days: days.length, training: null })
    const { modelId, manifest } = bundle
    const promotion = { modelId, featureSetHash: manifest.featureSet.hash, reason: 'walk-forward' }
    const played = events.filter(({ eventTime }) => eventTime >= day.from && eventTime < day.to)
    // History is read by the first model's item model, which has learnt of each of its days from the days before only.
    const before = index === 0 ? [...events.filter(({ eventTime }) => eventTime < from), rulesChanged] : []
    const promoted = modelPromotedEvent(promotion, observation(before[0]?.observedAt ?? day.from))
    await chain.play([promoted, ...before, ...withListings(played)])
    models.push({ ...day, modelId, trainedUntil: manifest.trainedUntil, trainedOnSales: report.sales })
  }
  return models
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
