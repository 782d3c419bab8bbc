import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import {
  createTopology,
  expectCleanHistory,
  expectedOutput,
  feed,
  killAgainAndAgain,
  killWorkers,
  optionsOf,
  watchOutput,
} from '#lib/stream/testing/kill-rig.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { readTopics } from '../read-topics.ts'
import { runPrefix } from '../run-prefix.ts'
import { type Disturbance, killEachBroker, moveLeaders } from './disturbances.ts'
import { type KafkaCluster, startKafkaCluster } from './kafka-cluster.ts'

/** Processes killed while brokers are; and the collector, whose events and place lie with two leaders. */

const count = Number(process.env['CLUSTER_RECORDS'] ?? 1_500)

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await startKafkaCluster()
})
afterEach(killWorkers)
afterAll(() => cluster?.dispose())

test('two stages of processes that are killed every 2 to 8 seconds, while each broker is killed in turn', async () => {
  const begun = performance.now()
  const topology = await createTopology(cluster.addresses)
  const events = count * 2
  const expected = expectedOutput(events)
  const output = await watchOutput(topology, expected.flat().length, 600_000)
  const done = new AbortController()
  const killers = (['relay', 'window'] as const).map((stage, index) =>
    killAgainAndAgain(optionsOf(topology, stage, 0), 20_261_130 + index, done.signal),
  )
  const disturbing = killEachBroker(cluster)({
    topics: Object.values(topology.topics),
    group: `${topology.prefix}relay`,
    flowing: done.signal,
  })
  await feed(topology, events, 150)
  await disturbing
  const seen = await output.complete
  done.abort()
  const kills = (await Promise.all(killers)).reduce((sum, each) => sum + each, 0)
  const seconds = Math.round((performance.now() - begun) / 1_000)
  console.error(
    `cluster: processes and brokers killed: ${events} in, ${seen.flat().length} out of ${expected.flat().length}, ${kills} processes killed, ${seconds} s`,
  )
  expect(seen).toEqual(expected)
  expect(kills).toBeGreaterThan(1)
  await expectCleanHistory(topology)
  await topology.log.close()
})

test.each<{ name: string; disturb(cluster: KafkaCluster): Disturbance }>([
  { name: 'leaders move', disturb: moveLeaders },
  { name: 'each broker is killed in turn', disturb: killEachBroker },
])('a collector writes each event once and in order, and its place with it, while $name', async ({ name, disturb }) => {
  const begun = performance.now()
  const prefix = runPrefix('collector')
  const topics = { events: `${prefix}market.events`, state: `${prefix}collector.state` }
  const logger = createLogger('collector', 'silent')
  const log = createKafkajsLog({ brokers: cluster.addresses, clientId: 'collector', logger })
  await log.admin().createTopics([
    { topic: topics.events, partitions: 1 },
    { topic: topics.state, partitions: 1, config: { 'cleanup.policy': 'compact' } },
  ])
  const writer = createTransactionalWriter({
    log,
    clock: systemClock,
    logger,
    transactionalId: `${prefix}collector`,
    state: { topic: topics.state, key: 'axie' },
  })
  const flowing = new AbortController()
  const disturbing = disturb(cluster)({ topics: Object.values(topics), group: `${prefix}none`, flowing: flowing.signal })
  let [next, reopened]: [number | null, number] = [null, -1]
  while (next === null || next < count) {
    try {
      if (next === null) {
        next = Number((await writer.open()) ?? 0)
        reopened++
      }
      const some = Array.from({ length: 20 }, (_, index) => String(next! + index))
      await writer.write(
        some.map((value) => ({ topic: topics.events, key: 'axie', value: Buffer.from(value) })),
        Buffer.from(String(next + some.length)),
      )
      next += some.length
      await systemClock.sleep(120)
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      next = null
      await systemClock.sleep(200)
    }
  }
  flowing.abort()
  await disturbing
  await log.close()
  const records = await readTopics(cluster.addresses, Object.values(topics))
  const events = records.filter(({ topic }) => topic === topics.events).map(({ value }) => Number(String(value)))
  const places = records.filter(({ topic }) => topic === topics.state).map(({ value }) => Number(String(value)))
  const seconds = Math.round((performance.now() - begun) / 1_000)
  console.error(`cluster: collector, ${name}: ${next} in, ${events.length} out, taken over anew ${reopened} times, ${seconds} s`)
  expect(events).toEqual(Array.from({ length: next }, (_, index) => index))
  expect(places.at(-1)).toBe(next)
})
