import { expect, test } from 'vitest'
import type { TopicDescription } from '#lib/stream/log.ts'
import { topicDifferences } from './topic-differences.ts'
import { topicSettings } from './topics.ts'

const declared = topicSettings('', { partitions: 12, replicas: 3, minInSync: 2 })
const asDeclared = declared.map(
  ({ topic, partitions, config }): TopicDescription => ({ topic, partitions, replicas: 3, config: { ...config, 'segment.ms': '1' } }),
)
const alerts = declared.filter(({ topic }) => topic === 'alerts')
const [found] = asDeclared.filter(({ topic }) => topic === 'alerts')
const changed = (change: Partial<TopicDescription>) =>
  topicDifferences(alerts, [{ ...found!, ...change }]).map(({ difference }) => difference)

test('topics as they are declared do not differ, whatever else the brokers set', () => {
  expect(topicDifferences(declared, asDeclared)).toEqual([])
})

test('each difference is named with what was expected and what was found', () => {
  expect(topicDifferences(alerts, [])).toEqual([{ topic: 'alerts', difference: 'is not there' }])
  expect(changed({ partitions: 6 })).toEqual(['partitions: expected 12, found 6'])
  expect(changed({ replicas: 1 })).toEqual(['copies of a partition: expected 3, found 1'])
  expect(changed({ config: { ...found!.config, 'retention.ms': '1000' } })).toEqual(['retention.ms: expected 7776000000, found 1000'])
  expect(changed({ config: {} })).toHaveLength(4)
})

test('where the brokers decide on copies, any number is right', () => {
  const open = topicSettings('', { partitions: 12 }).filter(({ topic }) => topic === 'alerts')
  expect(topicDifferences(open, [{ ...found!, replicas: 1 }])).toEqual([])
})
