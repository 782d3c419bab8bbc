import type { TopicName } from './topics.ts'

/** The stages that make alerts out of events, in the order of the stream. */
export const pricingStages = ['enricher', 'featurizer', 'scorer', 'alerter'] as const

/** Who reads what, in the order of the stream; behind them comes the archiver, which reads what it is told to. Each is a consumer group of the app's name, behind the run's prefix. */
export const consumers = [
  { app: 'enricher', input: 'market.events' },
  { app: 'featurizer', input: 'listings.enriched' },
  { app: 'scorer', input: 'listings.features' },
  { app: 'alerter', input: 'listings.scored' },
  { app: 'notifier', input: 'alerts' },
] as const satisfies readonly { app: string; input: TopicName }[]
