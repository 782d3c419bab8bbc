import { type AppContext, defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { referenceLevel } from '#lib/features/axie-v1.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import { topicName } from '#lib/market/topics.ts'
import { startTensorRuntime } from '#lib/model/tfjs-runtime.ts'
import { settings } from './config.ts'
import { createModelCache, type ModelCache } from './model-cache.ts'
import { createScorerProcessor } from './processor.ts'

export const app = defineApp({
  name: 'scorer',
  summary: 'prices each listing: quantiles of what it will sell for, by the model that the listing names',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, logger, metrics, health, store } = context
    const { backend, version, passedOver } = await startTensorRuntime(config.TF_BACKEND)
    logger.info({ backend, tfjs: version, passedOver }, `models run on the ${backend} backend`)
    metrics.gauge('model_backend', 'Which tfjs backend is in use: 1.', ['backend'])(1, { backend })
    const trainedUntil = metrics.gauge('model_trained_until_seconds', 'Newest sale that the model loaded last learnt from, unix time.')

    const models = createModelCache({
      store,
      capacity: config.MODELS_IN_MEMORY,
      onLoaded(modelId, loadMillis) {
        trainedUntil((models.get(modelId) as { trainedUntil: number }).trainedUntil / 1_000)
        health.set('model', true, modelId)
        logger.info({ modelId, loadMillis: Math.round(loadMillis) }, 'model loaded')
      },
      onRefused: ({ code, message }) => logger.error({ code }, message),
    })
    // Not a reason to wait: a model that listings name is loaded when the first of them comes.
    health.set('model', true, 'none announced yet')
    const following = await preloadAnnounced(context, models)

    return startStage(context, {
      name: 'scorer',
      input: 'listings.features',
      output: 'listings.scored',
      processor: createScorerProcessor({ model: models.get, referenceLevel, reasonOf, backend, codeVersion: config.CODE_VERSION }),
      prepare: (inputs) => models.load(inputs.flatMap(({ value }) => value.listing.modelId ?? [])),
      stop: following.stop,
    })
  },
})

/**
 * Loads a model when topic `models` announces it, before any listing names it, so that its promotion costs no latency.
 * Of those announced in one go (at the start: all there are) only the newest; the rest are loaded when they are asked for.
 */
async function preloadAnnounced({ log, codec, logger, prefix }: AppContext, models: ModelCache) {
  const following = await log.follow([topicName(prefix, 'models')], async (records) => {
    const newest = records.findLast(({ value }) => value !== null)
    if (newest?.value == null) return
    try {
      const { modelId } = await codec.decode('ModelAnnounced', newest.value)
      await models.load([modelId])
    } catch (error) {
      logger.warn({ err: error }, 'an announced model could not be loaded ahead of time: it will be when a listing names it')
    }
  })
  return following
}
