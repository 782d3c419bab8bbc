import { preloadAnnounced } from '#app/scorer/preload-announced.ts'
import { defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { createItemModelCache } from './item-model-cache.ts'
import { createEnricherProcessor } from './processor.ts'

export const app = defineApp({
  name: 'enricher',
  summary: 'folds all events of a market, and adds to each listing what it is and what is known around it',
  settings: {},
  async start(context) {
    const { store, logger, health } = context
    const itemModels = createItemModelCache({
      store,
      onLoaded(modelId) {
        health.set('item model', true, modelId)
        logger.info({ modelId }, 'item model loaded')
      },
      onRefused: ({ code, message }) => logger.error({ code }, message),
    })
    const following = await preloadAnnounced(context, itemModels.preload)
    return startStage(context, {
      name: 'enricher',
      input: 'market.events',
      outputs: ['listings.enriched'],
      processor: createEnricherProcessor({ itemModels, onBegin: itemModels.begin }),
      stop: following.stop,
      prepare: (inputs) => itemModels.load(inputs.map(({ value }) => value)),
    })
  },
})
