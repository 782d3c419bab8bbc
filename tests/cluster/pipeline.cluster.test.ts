import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { runPrefix } from '../run-prefix.ts'
import { type KafkaCluster, startKafkaCluster } from './kafka-cluster.ts'
import { runPipelineCase } from './pipeline-case.ts'

/** The whole pipeline on three brokers. `npm run campaign:cluster` runs the same for an hour. */

const listings = Number(process.env['CLUSTER_RECORDS'] ?? 1_500)
/** The campaign's long run; none in CI. */
const minutes = Number(process.env['CLUSTER_MINUTES'] ?? 0)
const perSecond = 50
/** A stage that is killed folds all that it remembers of the market anew: an hour of listings must leave it time to go on between two kills. */
const campaignPerSecond = 20

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await startKafkaCluster()
})
afterAll(() => cluster?.dispose())

test('a broker killed every 25 s: every listing enriched, featurized and scored once, alerted at most once', async () => {
  const servers = { brokers: cluster.addresses, registryUrl: inject('registryUrl'), s3: inject('s3') }
  const begun = systemClock.monotonic()
  const {
    brokersKilled,
    appsKilled: _,
    archive: __,
    violations,
    ...counts
  } = await runPipelineCase({
    cluster,
    servers,
    prefix: runPrefix('cluster-pipeline'),
    listings,
    perSecond,
    brokerEveryMillis: 25_000,
  })
  const seconds = Math.round((systemClock.monotonic() - begun) / 1_000)
  console.error(`cluster: pipeline: ${JSON.stringify(counts)}, ${brokersKilled} brokers killed, ${seconds} s`)
  expect(violations).toEqual([])
  expect(counts).toMatchObject({ listings, enriched: listings, featurized: listings, scored: listings, deadLetters: 0 })
  expect(counts.alerts).toBeGreaterThan(0)
  expect(brokersKilled).toBeGreaterThan(0)
})

if (minutes > 0)
  test(`${minutes} minutes: a broker killed every 30 s and an app every 10 s, and the archive proven`, {
    timeout: (minutes + 20) * 60_000,
  }, async () => {
    const servers = { brokers: cluster.addresses, registryUrl: inject('registryUrl'), s3: inject('s3') }
    const all = minutes * 60 * campaignPerSecond
    const { violations, ...result } = await runPipelineCase({
      cluster,
      servers,
      prefix: runPrefix('cluster-campaign'),
      listings: all,
      perSecond: campaignPerSecond,
      brokerEveryMillis: 30_000,
      appEveryMillis: 10_000,
      archived: true,
    })
    console.error(`cluster: pipeline for ${minutes} minutes: ${JSON.stringify(result)}`)
    expect(violations).toEqual([])
    expect(result).toMatchObject({ listings: all, enriched: all, featurized: all, scored: all, deadLetters: 0 })
  })
