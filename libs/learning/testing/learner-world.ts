/** The learner on a generated market, its answers written into the log it reads: models are made up, so that one knows how good each is. */
import { RejectedError } from '#lib/errors/errors.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { challengerNamedEvent, type MarketPayload, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import type { ItemModels } from '#lib/market/item-model.ts'
import { sampleItemModels } from '#lib/market/testing/market-samples.ts'
import { presets } from '#lib/rules/presets.ts'
import type { UsableModel } from '#lib/stages/scorer.ts'
import type { Input } from '#lib/stream/processor.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createLearner, type Learnt } from '../learner.ts'
import { type LearningSettings, learningSettings } from '../settings.ts'

const width = axieFeatures.features.length
const columnOf = (wanted: string): number => axieFeatures.features.findIndex(({ name }) => name === wanted)
const [alike, classColumn] = [columnOf('cb.median'), columnOf('class')]

export type Shape = Readonly<{
  /** What it forecasts above what axies of such a class and breed count fetch, in logs; by class number, or of all. */
  bias: number | ((classNumber: number) => number)
  /** Log price of each quantile less the median's; as prices lie where not given. */
  offsets?: readonly number[]
  trainedUntil: number
  /** Called before each forecast. */
  onPredict?: () => void
}>

const asTheyLie = [-0.17, -0.07, 0, 0.07, 0.17]

/** The further its bias from 0, the worse it forecasts. */
export const shapedModel = ({ bias, offsets = asTheyLie, trainedUntil, onPredict }: Shape): UsableModel => ({
  featureSetHash: axieFeatures.hash,
  vectorWidth: width,
  trainedUntil,
  source: 'synthetic',
  columnNames: [],
  learntColumns: new Set(),
  ask: null,
  explain: null,
  predict(vectors, levels) {
    onPredict?.()
    return {
      quantilesUsd: Float64Array.from(
        [...levels].flatMap((level, row) => {
          const relative = vectors[row * width + alike] as number
          const more = typeof bias === 'number' ? bias : bias(vectors[row * width + classColumn] as number)
          const middle = level + more + (Number.isNaN(relative) ? 0 : relative)
          return offsets.map((offset) => Math.exp(middle + offset))
        }),
      ),
      novelty: new Float64Array(levels.length),
    }
  },
})

export type WorldOptions = Readonly<{
  models: Readonly<Record<string, UsableModel>>
  /** Models that the enricher cannot load either. */
  damaged?: readonly string[]
  settings?: LearningSettings
}>

export function createLearnerWorld({ models, damaged = [], settings = learningSettings }: WorldOptions) {
  const names = Object.keys(models)
  const itemModels: ItemModels = {
    get: ({ modelId, featureSetHash }) => {
      if (damaged.includes(modelId)) throw new RejectedError('model_corrupt', 'damaged')
      return sampleItemModels.get({ modelId: modelId === names[0] ? 'model-1' : 'model-2', featureSetHash })
    },
  }
  const learner = createLearner({
    ...{ settings, itemModels, featureSet: featureSetOf, backend: 'test', codeVersion: 'test' },
    model: (modelId) => models[modelId],
    ruleSet: (hash) => presets.get(hash),
  })
  return {
    learner,
    promoted: (modelId: string, at: number): MarketEvent =>
      modelPromotedEvent({ modelId, featureSetHash: axieFeatures.hash, reason: '' }, seen(at)),
    named: (modelId: string, at: number): MarketEvent =>
      challengerNamedEvent(
        { modelId, featureSetHash: axieFeatures.hash, trainedUntil: models[modelId]?.trainedUntil ?? 0, reason: 'test' },
        seen(at),
      ),
    /** On a log that its own answers are written to, `lag` records behind, as live; `until` ends it early. */
    live(events: readonly MarketEvent[], { lag = 5, until = () => false }: { lag?: number; until?: (event: MarketEvent) => boolean } = {}) {
      const fold = createFold(learner, { offset: 0, clock: null, carry: undefined })
      const log: MarketEvent[] = []
      const answers: Learnt[][] = []
      const onTheWay: { at: number; event: MarketEvent }[] = []
      for (const event of events) {
        const due = onTheWay.filter(({ at }) => at <= log.length)
        for (const next of [...due.map((one) => one.event), event]) {
          const [result] = fold.apply([inputAt(next, log.length)])
          log.push(next)
          const made = result?.type === 'emit' ? result.outputs.map(({ value }) => value) : []
          answers.push(made)
          onTheWay.push(...made.filter(isEvent).map((one) => ({ at: log.length + lag, event: one })))
        }
        for (const one of due) onTheWay.splice(onTheWay.indexOf(one), 1)
        if (due.some((one) => until(one.event))) break
      }
      return { log, answers }
    },
  }
}

export type Lived = Readonly<{ log: readonly MarketEvent[]; answers: readonly Learnt[][] }>

export const seen = (observedAt: number) => ({ observedAt, origin: 'live', source: 'synthetic' }) as const

export const isEvent = (learnt: Learnt): learnt is MarketEvent => 'eventId' in learnt

export const inputAt = (value: MarketEvent, offset: number): Input<MarketEvent> => ({
  value,
  record: { topic: 'market.events', partition: 0, offset, timestamp: 0, key: null, headers: {} },
})

/** Puts events where their time is. */
export const mixed = (...events: MarketEvent[]): MarketEvent[] => events.sort((one, other) => one.observedAt - other.observedAt)

/** Payloads of a kind, in the order of the log. */
export const payloadsOf = <Kind extends MarketPayload['kind']>({ log }: Pick<Lived, 'log'>, kind: Kind) =>
  log
    .map(payloadOf)
    .filter((payload): payload is Extract<MarketPayload, { kind: Kind }> => payload.kind === kind)
    .map(({ value }) => value as Extract<MarketPayload, { kind: Kind }>['value'])

/** What was decided, by anyone: kind and model. */
export const decisionsIn = ({ log }: Pick<Lived, 'log'>): string[] =>
  log
    .map(payloadOf)
    .flatMap((payload) =>
      payload.kind === 'ModelPromoted' || payload.kind === 'ModelRolledBack' || payload.kind === 'ModelBarred'
        ? [`${payload.kind} ${payload.value.modelId}`]
        : [],
    )
