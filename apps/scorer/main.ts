import { type AppContext, defineApp, type RunningApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { reasonOf } from '#lib/features/reasons.ts'
import { startTensorRuntime, type TensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import { preloadAnnounced } from '#lib/stages/preload-announced.ts'
import { createScorerProcessor } from '#lib/stages/scorer.ts'
import { settings } from './config.ts'

export const app = defineApp({
  name: 'scorer',
  summary: 'prices each listing: quantiles of what it will sell for, by the model that the listing names',
  settings,
  async start(context: AppContext<typeof settings>) {
    return startScorer(context, await startTensorRuntime(context.config.TF_BACKEND))
  },
})

/** On a tensor runtime that has been started. */
export async function startScorer(
  context: AppContext<typeof settings>,
  { backend, version, passedOver }: TensorRuntime,
): Promise<RunningApp> {
  const { config, clock, logger, metrics, health, store } = context
  logger.info({ backend, tfjs: version, passedOver }, `models run on the ${backend} backend`)
  metrics.gauge('model_backend', 'Which tfjs backend is in use: 1.', ['backend'])(1, { backend })
  const trainedUntil = metrics.gauge('model_trained_until_seconds', 'Newest sale that the model loaded last learnt from, unix time.')

  const models = createModelCache({
    store,
    clock,
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
  const following = await preloadAnnounced(context, (modelId) => models.load([modelId]))

  return startStage(context, {
    name: 'scorer',
    input: 'listings.features',
    outputs: ['listings.scored'],
    processor: createScorerProcessor({
      model: models.get,
      featureSet: featureSetOf,
      reasonOf,
      backend,
      codeVersion: config.CODE_VERSION,
    }),
    prepare: (inputs) => models.load(inputs.flatMap(({ value }) => value.listing.modelId ?? [])),
    stop: following.stop,
  })
}
