import { expect, test } from 'vitest'
import { type ConditionFacts, conditionOf } from './condition.ts'
import type { StageLag } from './pipeline-watch.ts'

const stage = (app: string, change: Partial<StageLag> = {}): StageLag => ({
  ...{ app, input: 'market.events', started: true, records: 0, seconds: 0, atLeast: false },
  ...change,
})
const well: ConditionFacts = {
  broker: { answers: true, since: 0, problem: null },
  caughtUp: true,
  marketTime: 1_650_000_000_000,
  hasModel: true,
  stages: ['enricher', 'featurizer', 'scorer', 'alerter', 'archiver'].map((app) => stage(app)),
  quietMillis: 0,
  spent: [],
}

test.each<[string, Partial<ConditionFacts>, string, RegExp]>([
  ['all is well', {}, 'live', /^$/],
  ['Kafka is away', { broker: { answers: false, since: 0, problem: 'x' }, caughtUp: false }, 'away', /Kafka/],
  ['the past is being read', { caughtUp: false }, 'starting', /happened so far/],
  ['nothing has come yet', { marketTime: null }, 'starting', /No event/],
  ['no model is in force', { hasModel: false }, 'training', /trained/],
  ['a stage never committed', { stages: [stage('enricher'), stage('scorer', { started: false })] }, 'starting', /scorer/],
  ['a stage is behind', { stages: [stage('scorer', { records: 1_200, seconds: 45 })] }, 'behind', /scorer is 45 s behind \(1,200 records/],
  ['a stage that decides nothing is behind', { stages: [stage('archiver', { records: 9, seconds: 90 })] }, 'live', /^$/],
  [
    'the key of the marketplace is spent',
    { spent: [{ share: null, until: Date.UTC(2026, 10, 30, 17, 30), by: 'collector', reason: 'no requests are left this day' }] },
    'quiet',
    /the marketplace key is spent until Nov 30 17:30 UTC, as the collector was told/,
  ],
  ["the notifier's share is spent", { spent: [{ share: 'notifier', until: 1, by: 'notifier', reason: 'x' }] }, 'live', /^$/],
  ['nothing comes any more', { quietMillis: 180_000 }, 'quiet', /for 3 min/],
])('%s', (_, change, state, detail) => {
  const condition = conditionOf({ ...well, ...change })
  expect(condition.state).toBe(state)
  expect(condition.detail).toMatch(detail)
})
