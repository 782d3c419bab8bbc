import { dayMillis } from '#lib/clock/durations.ts'
import type { TopicSettings } from '#lib/stream/log.ts'
import type { RecordName } from '#schemas/types.ts'

/**
 * Every topic: its value's schema, its key, how it is cut and kept. The one source for code and manifests.
 * partitions: 'one' = one per market, a total order; 'many' = spread by key, a setting (3 locally, 12 in a cluster).
 */
type TopicDefinition = Readonly<{
  schema: RecordName | null
  key: string
  partitions: 'one' | 'many'
  retentionDays: number | 'compact'
}>

export const topics = {
  'market.events': { schema: 'MarketEvent', key: 'market', partitions: 'one', retentionDays: 30 },
  'listings.enriched': { schema: 'EnrichedListing', key: 'item', partitions: 'many', retentionDays: 7 },
  'listings.features': { schema: 'FeaturizedListing', key: 'item', partitions: 'many', retentionDays: 7 },
  'listings.scored': { schema: 'ScoredListing', key: 'item', partitions: 'many', retentionDays: 30 },
  'listings.shadow': { schema: 'ShadowForecast', key: 'item', partitions: 'many', retentionDays: 7 },
  alerts: { schema: 'Alert', key: 'item', partitions: 'many', retentionDays: 90 },
  'alerts.paper': { schema: 'Alert', key: 'item', partitions: 'many', retentionDays: 30 },
  'candidates.rejected': { schema: 'RejectedCandidate', key: 'item', partitions: 'many', retentionDays: 30 },
  'alerts.feedback': { schema: 'AlertFeedback', key: 'item', partitions: 'many', retentionDays: 90 },
  outcomes: { schema: 'Outcome', key: 'alert id', partitions: 'many', retentionDays: 'compact' },
  'paper.trades': { schema: 'PaperTrade', key: 'trade id', partitions: 'many', retentionDays: 'compact' },
  models: { schema: 'ModelAnnounced', key: 'model id', partitions: 'one', retentionDays: 'compact' },
  trainings: { schema: 'TrainingRun', key: 'training id', partitions: 'one', retentionDays: 'compact' },
  'collector.state': { schema: 'CollectorState', key: 'market', partitions: 'one', retentionDays: 'compact' },
  'marketplace.key': { schema: 'KeySpent', key: 'key and share', partitions: 'one', retentionDays: 'compact' },
  controls: { schema: 'Control', key: 'kind and subject', partitions: 'one', retentionDays: 'compact' },
  positions: { schema: 'Position', key: 'position id', partitions: 'one', retentionDays: 'compact' },
  notifications: {
    schema: 'Notification',
    key: 'alert id, channel, and who means to show it or what became of it',
    partitions: 'one',
    retentionDays: 'compact',
  },
  'dead-letters': { schema: null, key: 'as the record refused', partitions: 'many', retentionDays: 30 },
} as const satisfies Record<string, TopicDefinition>

export type TopicName = keyof typeof topics

/** A topic's real name: every run has its own prefix, such as `20261123T064500Z-recorded.`; the live deployment has none. */
export const topicName = (prefix: string, topic: TopicName): string => `${prefix}${topic}`

/** The largest record any topic takes, in bytes: Kafka's max.message.bytes. A leaderboard is the largest honest one, about 0.2 MB. */
export const maxRecordBytes = 8 * 1024 * 1024

export type TopicOptions = Readonly<{
  partitions: number
  /** Copies of each partition; left out: as the brokers have it. */
  replicas?: number | null
  /** So many copies must have a record before it counts as written; left out: as the brokers have it. */
  minInSync?: number | null
}>

export function topicSettings(prefix: string, options: TopicOptions): TopicSettings[] {
  return Object.entries(topics).map(([name, { partitions, retentionDays }]) => ({
    topic: topicName(prefix, name as TopicName),
    partitions: partitions === 'one' ? 1 : options.partitions,
    replicas: options.replicas ?? null,
    config: {
      'max.message.bytes': String(maxRecordBytes),
      ...(retentionDays === 'compact'
        ? { 'cleanup.policy': 'compact' }
        : { 'cleanup.policy': 'delete', 'retention.ms': String(retentionDays * dayMillis) }),
      ...(options.minInSync ? { 'min.insync.replicas': String(options.minInSync) } : {}),
    },
  }))
}

/** What is kept for ever, where an archiver is not told otherwise. */
export const topicsToArchive: readonly TopicName[] = [
  'market.events',
  'listings.scored',
  'listings.shadow',
  'alerts',
  'candidates.rejected',
  'alerts.feedback',
  'outcomes',
  'paper.trades',
  'models',
  'controls',
  'notifications',
  'positions',
]
