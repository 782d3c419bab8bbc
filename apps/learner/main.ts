import { constants, setPriority } from 'node:os'
import { type AppContext, defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { createLearner, type LearnerState, modelsWanted } from '#lib/learning/learner.ts'
import { learningSettings } from '#lib/learning/settings.ts'
import { payloadOf } from '#lib/market/event.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { settings } from './config.ts'

export const app = defineApp({
  name: 'learner',
  summary: 'compares the champion with a challenger and with the one before; promotes and rolls back by what sold',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, logger, store, clock } = context
    if (config.PRIORITY === 'low') setPriority(constants.priority.PRIORITY_LOW)
    const { backend } = await startTensorRuntime(config.TF_BACKEND)
    const onRefused = ({ code, message }: { code: string; message: string }) => logger.error({ code }, message)
    const models = createModelCache({ store, clock, capacity: config.MODELS_IN_MEMORY, onRefused })
    const itemModels = createItemModelCache({ store, capacity: config.MODELS_IN_MEMORY, onRefused })
    const rules = createRulesStore(store)
    const learner = createLearner({
      settings: learningSettings,
      itemModels,
      model: models.get,
      featureSet: featureSetOf,
      ruleSet: rules.known,
      backend,
      codeVersion: config.CODE_VERSION,
    })
    /** The newest state: what it may ask for is loaded before it is asked to go on. */
    let state: LearnerState | null = null

    const prepare = async (events: readonly MarketEvent[]): Promise<void> => {
      const wanted = state === null ? [] : modelsWanted(state, events)
      await itemModels.load(events)
      await itemModels.preloadAll(wanted)
      await models.load(wanted.map(({ modelId }) => modelId))
      for (const hash of rulesHashes(state, events)) await rules.load(hash)
    }
    return startStage(context, {
      name: 'learner',
      input: 'market.events',
      outputs: ['market.events', 'listings.shadow'],
      processor: {
        ...learner,
        initial(carry) {
          state = learner.initial(carry)
          itemModels.begin(state.champion.market().model)
          return state
        },
      },
      prepare: (inputs) => prepare(inputs.map(({ value }) => value)),
    })
  },
})

function rulesHashes(state: LearnerState | null, events: readonly MarketEvent[]): Set<string> {
  const changed = events.map(payloadOf).flatMap(({ kind, value }) => (kind === 'RulesChanged' ? [value.rulesHash] : []))
  return new Set([state?.champion.market().rulesHash ?? defaultRulesHash, ...changed])
}
