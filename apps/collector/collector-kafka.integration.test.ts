import { expect, inject, onTestFinished, test } from 'vitest'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { runPrefix } from '../../tests/run-prefix.ts'
import { createWorld, expectOnce, newsOnly, ofKind, until } from '../../tests/worlds/collector-world.ts'

test('on Kafka: history and news are written once, through a stop and a start', async () => {
  const prefix = runPrefix('collector')
  const log = createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}client`, logger: createLogger('test', 'silent') })
  onTestFinished(log.close)
  const admin = log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions: 1 }))
  await admin.close()
  const world = createWorld({ log, registry: createRegistry({ url: inject('registryUrl') }), prefix })

  const { simulator, pass, settled } = await world.stillMarket()
  const first = await world.startCollector(simulator, newsOnly)
  await until('the first look', async () => (await first.count('Listing')) > 0)
  pass(30)
  await until('news', async () => (await first.count('Sale')) > 50)
  await first.stop()
  pass(30)
  const second = await world.startCollector(simulator, newsOnly)
  await until('more news', async () => (await second.count('Listing')) > 50)
  await settled()
  await second.stop()

  const all = await world.events()
  expectOnce(all)
  expect(ofKind(all, 'Sale')).toHaveLength((await simulator.stats()).sales)
  expect(ofKind(all, 'Listing').length).toBeGreaterThan(100)
}, 120_000)
