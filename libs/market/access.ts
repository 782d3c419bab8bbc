import { type TopicName, topics, topicsToArchive } from './topics.ts'

/**
 * What each app may do with the log: the one source of Kafka's ACLs (k8s/kafka) and of the test that runs the pipeline with
 * no right beyond these. A stage may read what it writes: at its first start it looks whether it has written before. Every app reads by the group of its own name, follows by groups that begin with it, and writes in transactions
 * whose ids begin with it.
 */
export type Access = Readonly<{
  reads: readonly TopicName[]
  writes: readonly TopicName[]
  /** Apps whose progress it asks for: the committed offsets of their groups. */
  watches?: readonly string[]
}>

export const access: Readonly<Record<string, Access>> = {
  collector: {
    reads: ['collector.state', 'marketplace.key'],
    writes: ['market.events', 'collector.state', 'marketplace.key', 'dead-letters'],
  },
  enricher: { reads: ['market.events', 'models', 'listings.enriched'], writes: ['listings.enriched', 'dead-letters'] },
  featurizer: { reads: ['listings.enriched', 'listings.features'], writes: ['listings.features', 'dead-letters'] },
  scorer: { reads: ['listings.features', 'models', 'listings.scored'], writes: ['listings.scored', 'dead-letters'] },
  alerter: {
    reads: ['listings.scored', 'alerts', 'alerts.paper', 'candidates.rejected'],
    writes: ['alerts', 'alerts.paper', 'candidates.rejected', 'dead-letters'],
  },
  notifier: {
    reads: [
      'alerts',
      'notifications',
      'controls',
      'outcomes',
      'paper.trades',
      'positions',
      'trainings',
      'market.events',
      'marketplace.key',
    ],
    writes: ['notifications', 'alerts.feedback', 'controls', 'positions', 'marketplace.key', 'dead-letters'],
  },
  ledger: {
    reads: [
      'market.events',
      'controls',
      'alerts',
      'alerts.paper',
      'candidates.rejected',
      'alerts.feedback',
      'notifications',
      'outcomes',
      'paper.trades',
    ],
    writes: ['outcomes', 'paper.trades', 'market.events', 'controls'],
  },
  dashboard: {
    reads: [
      'market.events',
      'listings.enriched',
      'listings.features',
      'listings.scored',
      'alerts',
      'outcomes',
      'paper.trades',
      'models',
      'positions',
      'trainings',
      'marketplace.key',
      'dead-letters',
    ],
    writes: ['positions', 'marketplace.key'],
    watches: ['enricher', 'featurizer', 'scorer', 'alerter', 'notifier', 'archiver'],
  },
  learner: { reads: ['market.events', 'listings.shadow'], writes: ['market.events', 'listings.shadow', 'dead-letters'] },
  validator: { reads: ['market.events'], writes: ['dead-letters'] },
  trainer: { reads: ['trainings', 'market.events', 'listings.scored', 'models'], writes: ['trainings', 'models', 'market.events'] },
  archiver: { reads: topicsToArchive, writes: [] },
}

/** Commands that write to the log of a deployment, with users of their own. */
export const commandAccess: Readonly<Record<string, Access>> = {
  train: { reads: ['models', 'market.events'], writes: ['models', 'market.events'] },
  models: { reads: ['models', 'market.events'], writes: ['market.events'] },
  rules: { reads: ['models', 'market.events'], writes: ['market.events'] },
  controls: { reads: ['controls', 'marketplace.key'], writes: ['controls', 'marketplace.key'] },
  dlq: {
    reads: ['dead-letters'],
    writes: ['dead-letters', 'market.events', 'listings.enriched', 'listings.features', 'listings.scored', 'alerts'],
  },
}

/** A right as Kafka has it; `prefixed`: on every resource whose name begins so. */
export type Right = Readonly<{
  resource: 'topic' | 'group' | 'transactionalId'
  name: string
  prefixed: boolean
  operations: readonly ('Read' | 'Write' | 'Create' | 'Describe' | 'DescribeConfigs' | 'Delete')[]
}>

/** The rights of one app behind a run's prefix. Reading or writing includes describing; following groups are deleted by who made them. */
export function rightsOf(app: string, prefix = ''): Right[] {
  const declared = access[app] ?? commandAccess[app]
  if (declared === undefined) throw new Error(`app ${app} has no entry in libs/market/access.ts: say what it reads and writes`)
  const names = [...new Set([...declared.reads, ...declared.writes])]
  const rights = names.map((topic): Right => {
    const operations = [
      ...(declared.reads.includes(topic) ? ['Read' as const] : []),
      ...(declared.writes.includes(topic) ? ['Write' as const] : []),
    ]
    return { resource: 'topic', name: `${prefix}${topic}`, prefixed: false, operations }
  })
  return [
    ...rights,
    { resource: 'group', name: `${prefix}${app}`, prefixed: true, operations: ['Read', 'Delete'] },
    ...(declared.watches ?? []).map(
      (watched): Right => ({
        resource: 'group',
        name: `${prefix}${watched}`,
        prefixed: false,
        operations: ['Describe'],
      }),
    ),
    { resource: 'transactionalId', name: `${prefix}${app}-`, prefixed: true, operations: ['Write'] },
  ]
}

/** What a replay's topics, groups and transactions begin with: whatever is in force elsewhere, it can touch nothing else. */
export const replayPrefix = 'replay-'

/** For who plays a recorded market once more, with the whole pipeline behind it (k8s/examples/replay). */
export const rightsToReplay: readonly Right[] = [
  { resource: 'topic', name: replayPrefix, prefixed: true, operations: ['Create', 'Read', 'Write'] },
  { resource: 'group', name: replayPrefix, prefixed: true, operations: ['Read', 'Delete'] },
  { resource: 'transactionalId', name: replayPrefix, prefixed: true, operations: ['Write'] },
]

/** For who compares topics with what is declared (flipstream topics check): how they are made, and nothing of what is in them. */
export const rightsToCheckTopics = (prefix = ''): Right[] =>
  Object.keys(topics).map((topic) => ({
    resource: 'topic',
    name: `${prefix}${topic}`,
    prefixed: false,
    operations: ['Describe', 'DescribeConfigs'],
  }))

/** For who scales the apps: where groups and topics stand, and nothing of what is in them. */
export const rightsToSeeLag = (apps: readonly string[], prefix = ''): Right[] =>
  apps.flatMap((app): Right[] => [
    { resource: 'topic', name: `${prefix}${access[app]!.reads[0]!}`, prefixed: false, operations: ['Describe'] },
    { resource: 'group', name: `${prefix}${app}`, prefixed: false, operations: ['Describe'] },
  ])
