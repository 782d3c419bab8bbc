import { defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { validatorProcessor } from '#lib/stages/validator.ts'

export const app = defineApp({
  name: 'validator',
  summary: 'judges the sales of each hour as a whole; where they do not hold, a dead letter names the expectation',
  settings: {},
  usesStore: false,
  start: (context) => startStage(context, { name: 'validator', input: 'market.events', outputs: [], processor: validatorProcessor }),
})
