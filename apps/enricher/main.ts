import { defineApp } from '#lib/app/app.ts'
import { startStage } from '#lib/app/stage.ts'
import { enricherProcessor } from './processor.ts'

export const app = defineApp({
  name: 'enricher',
  summary: 'folds all events of a market, and adds to each listing what it is and what is known around it',
  settings: {},
  start: (context) =>
    startStage(context, { name: 'enricher', input: 'market.events', output: 'listings.enriched', processor: enricherProcessor }),
})
