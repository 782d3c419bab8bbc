/**
 * One model's pipeline inside the learner: the very stages that price, enricher, featurizer and scorer, over the market's events. In the
 * champion's lane the market's own promotions count; in a shadow's lane the model it was given does, as if it had been promoted.
 */
import type { FeatureSet } from '#lib/features/feature-set.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import { isPromotion, modelPromotedEvent, type Observation, payloadOf } from '#lib/market/event.ts'
import type { MarketCarry, MarketState } from '#lib/market/fold/market-state.ts'
import type { ItemModels, PromotedModel } from '#lib/market/item-model.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'
import { createScorerProcessor, type UnusableModel, type UsableModel } from '#lib/stages/scorer.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Input, Processor, Result } from '#lib/stream/processor.ts'
import type { EnrichedListing, MarketEvent, ScoredListing } from '#schemas/types.ts'

export type LaneOptions = Readonly<{
  itemModels: ItemModels
  model: (modelId: string) => UsableModel | UnusableModel | undefined
  featureSet: (hash: string) => FeatureSet | undefined
  backend: string
  codeVersion: string
}>

/** What a lane made of one event: refused by the fold, met before, or taken in; and a forecast, where it was a listing that can be priced. */
export type LaneResult = Readonly<{ taken: boolean; refusal: string | null; scored: ScoredListing | null }>

export interface Lane {
  /** Which model prices in it; null of an idle lane, which only folds. */
  model(): PromotedModel | null
  market(): MarketState
  process(events: readonly MarketEvent[]): LaneResult[]
  /** From now on this model prices in it. False where it cannot be used: the lane is idle then. */
  give(model: PromotedModel & { featureSetHash: string }, observation: Observation): boolean
  rest(): void
}

/** No stage looks at where its record lies. */
const nowhere: Omit<LogRecord, 'value'> = { topic: 'learner', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
const inputsOf = <Value>(values: readonly Value[]): Input<Value>[] => values.map((value) => ({ value, record: nowhere }))

const answerOf = <Value>(result: Result<Value> | undefined): Value | null =>
  result?.type === 'emit' ? (result.outputs[0]?.value ?? null) : null

type LaneKind = 'champion' | 'shadow'

export function createLane(kind: LaneKind, carry: MarketCarry | undefined, options: LaneOptions): Lane {
  const { itemModels, featureSet, backend, codeVersion } = options
  const enricher = createEnricherProcessor({ itemModels })
  const featurizer = createFeaturizerProcessor(featureSet)
  const scorer = createScorerProcessor({ model: modelOf(kind, options), featureSet, reasonOf, backend, codeVersion })
  const market = enricher.initial(carry)
  let isIdle = market.model === null

  const isOurs = (event: MarketEvent): boolean => {
    const payload = payloadOf(event)
    return kind === 'champion' || !(isPromotion(payload) || payload.kind === 'ModelBarred')
  }

  /** Listings that cannot be featurized or scored have no forecast: in the pipeline they are dead letters. */
  function priceAll(listings: readonly EnrichedListing[]): Map<string, ScoredListing> {
    const featurized = through(featurizer, listings)
    return new Map(through(scorer, featurized).map((scored) => [scored.listing.eventId, scored]))
  }

  return {
    model: () => (isIdle ? null : market.model),
    market: () => market,
    process(events) {
      const folded = events.map((event) => (isOurs(event) ? enricher.process(inputsOf([event]), market)[0] : undefined))
      const priced =
        isIdle && kind === 'shadow' ? new Map<string, ScoredListing>() : priceAll(folded.flatMap((result) => answerOf(result) ?? []))
      return folded.map((result, index) => ({
        taken: result?.type === 'emit' || (result?.type === 'skip' && result.reason !== 'duplicate'),
        refusal: result?.type === 'reject' ? result.code : null,
        scored: priced.get((events[index] as MarketEvent).eventId) ?? null,
      }))
    },
    give(model, observation) {
      const promotion = modelPromotedEvent({ ...model, reason: 'in shadow' }, observation)
      isIdle = enricher.process(inputsOf([promotion]), market)[0]?.type === 'reject'
      return !isIdle
    },
    rest() {
      isIdle = true
    },
  }
}

function through<In, Out, State>(stage: Processor<In, Out, State>, values: readonly In[]): Out[] {
  return stage.process(inputsOf(values), stage.initial(undefined)).flatMap((result) => answerOf(result) ?? [])
}

/** A shadow is asked for its forecast alone: no alert is made of it, and nobody reads why. */
const modelOf =
  (kind: LaneKind, { model }: LaneOptions) =>
  (modelId: string): UsableModel | UnusableModel | undefined => {
    const found = model(modelId)
    return kind === 'champion' || found === undefined || 'code' in found ? found : { ...found, ask: null, explain: null }
  }
