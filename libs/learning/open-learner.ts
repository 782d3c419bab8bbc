import { featureSetOf } from '#lib/features/feature-sets.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache, type ModelCacheOptions } from '#lib/stages/model-cache.ts'
import type { Processor } from '#lib/stream/processor.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createLearner, type LearnerState, type Learnt, modelsWanted } from './learner.ts'
import { learningSettings } from './settings.ts'

export type OpenLearnerOptions = Pick<ModelCacheOptions, 'clock' | 'onRefused'> &
  Readonly<{
    store: ObjectStore
    /** Models in memory. */
    capacity: number
    backend: string
    codeVersion: string
  }>

export type OpenedLearner = Readonly<{
  processor: Processor<MarketEvent, Learnt, LearnerState>
  /** Loads what the events may ask for, before they are processed: a fold never waits. */
  prepare(events: readonly MarketEvent[]): Promise<void>
}>

/** The learner with the models and rule sets that it asks for, from the object store. */
export function openLearner({ store, capacity, backend, codeVersion, ...rest }: OpenLearnerOptions): OpenedLearner {
  const models = createModelCache({ store, capacity, ...rest })
  const itemModels = createItemModelCache({ store, capacity, ...(rest.onRefused && { onRefused: rest.onRefused }) })
  const rules = createRulesStore(store)
  const learner = createLearner({
    ...{ settings: learningSettings, itemModels, model: models.get, featureSet: featureSetOf, ruleSet: rules.known },
    ...{ backend, codeVersion },
  })
  /** The newest state: what it may ask for is loaded before it is asked to go on. */
  let state: LearnerState | null = null
  return {
    processor: {
      ...learner,
      initial(carry) {
        state = learner.initial(carry)
        itemModels.begin(state.champion.market().model)
        return state
      },
    },
    async prepare(events) {
      const wanted = state === null ? [] : modelsWanted(state, events)
      await itemModels.load(events)
      await itemModels.preloadAll(wanted)
      await models.load(wanted.map(({ modelId }) => modelId))
      for (const hash of rulesHashes(state, events)) await rules.load(hash)
    },
  }
}

function rulesHashes(state: LearnerState | null, events: readonly MarketEvent[]): Set<string> {
  const changed = events.map(payloadOf).flatMap(({ kind, value }) => (kind === 'RulesChanged' ? [value.rulesHash] : []))
  return new Set([state?.champion.market().rulesHash ?? defaultRulesHash, ...changed])
}
