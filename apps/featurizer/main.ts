import { defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { createFeaturizerProcessor } from '#lib/stages/featurizer.ts'

export const app = defineApp({
  name: 'featurizer',
  summary: 'turns each enriched listing into the vector of numbers that the models read',
  settings: {},
  usesStore: false,
  start: (context) =>
    startStage(context, {
      name: 'featurizer',
      input: 'listings.enriched',
      outputs: ['listings.features'],
      processor: createFeaturizerProcessor(),
    }),
})
