import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { runPrefix } from '../run-prefix.ts'
import { type KafkaCluster, startKafkaCluster } from './kafka-cluster.ts'
import { runPipelineCase } from './pipeline-case.ts'

/** The whole pipeline on three brokers. `npm run campaign:cluster` runs the same for an hour. */

const listings = Number(process.env['CLUSTER_LISTINGS'] ?? 1_500)

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await startKafkaCluster()
})
afterAll(() => cluster?.dispose())

test('a broker killed every 25 s: every listing enriched, featurized and scored once, alerted at most once', async () => {
  const servers = { brokers: cluster.addresses, registryUrl: inject('registryUrl'), s3: inject('s3') }
  const begun = systemClock.monotonic()
  const { brokersKilled, appsKilled, violations, ...counts } = await runPipelineCase({
    cluster,
    servers,
    prefix: runPrefix('cluster-pipeline'),
    listings,
    perSecond: 25,
    brokerEveryMillis: 25_000,
  })
  const seconds = Math.round((systemClock.monotonic() - begun) / 1_000)
  console.error(`cluster: pipeline: ${JSON.stringify(counts)}, ${brokersKilled} brokers killed, ${seconds} s`)
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ listings, enriched: listings, featurized: listings, scored: listings, deadLetters: 0 })
  expect(counts.alerts).toBeGreaterThan(0)
  expect(brokersKilled).toBeGreaterThan(0)
})
