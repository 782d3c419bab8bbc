import { type AppContext, defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { createEnricherProcessor } from '#lib/stages/enricher.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { preloadAnnounced } from '#lib/stages/preload-announced.ts'
import { settings } from './config.ts'

export const app = defineApp({
  name: 'enricher',
  summary: 'folds all events of a market, and adds to each listing what it is and what is known around it',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, store, clock, logger, health } = context
    const itemModels = createItemModelCache({
      store,
      clock,
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
      standby: config.STANDBY === 'on',
      stop: following.stop,
      prepare: (inputs) => itemModels.load(inputs.map(({ value }) => value)),
    })
  },
})
