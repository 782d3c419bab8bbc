import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { countArchived } from '#lib/archive/read.ts'
import type { BacktestResult } from '#lib/backtest/result.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { localBucket } from '#lib/running/backend.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { runPrefix } from './run-prefix.ts'

const listingCount = 1_500
const recordedTopics = ['market.events', 'listings.scored', 'alerts'] as const
const launcher = fileURLToPath(new URL('../bin/flipstream.mjs', import.meta.url))

let pipeline: Pipeline | undefined
afterEach(async () => {
  await pipeline?.close()
  pipeline = undefined
})

const servers = () => ({ brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') })

test('a run recorded on real servers: flipstream backtest --archive gives the alerts that live gave, to the byte', async () => {
  pipeline = await createPipeline({ servers: servers(), prefix: runPrefix('backtest'), onProgress: console.error })
  const { prefix, backend, playFrom } = pipeline
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: listingCount, everyMillis: 20_000, askShare: 0.45 })
  await backend.codec.prepare(['MarketEvent'])
  const producer = backend.log.producer()
  await producer.send([...feed.history, ...feed.listings].map((event) => feedRecord(backend.codec, prefix, event)))
  await producer.close()
  const counts = new Map<string, number>(recordedTopics.map((topic) => [topicName(prefix, topic), 0]))
  const following = await backend.log.follow([...counts.keys()], async (records) => {
    for (const { topic } of records) counts.set(topic, (counts.get(topic) ?? 0) + 1)
  })
  const settings = { TF_BACKEND: 'wasm', ARCHIVE_TOPICS: recordedTopics.join() }
  await pipeline.ready([...pricingStages, 'archiver'].map((name) => (pipeline as Pipeline).start(name, settings)))
  await vi.waitFor(
    async () => {
      expect(counts.get(topicName(prefix, 'listings.scored'))).toBe(listingCount)
      for (const topic of recordedTopics) {
        expect(await countArchived(backend.store, { prefix, topic, generation: 1 })).toBe(counts.get(topicName(prefix, topic)))
      }
    },
    { timeout: 180_000, interval: 500 },
  )
  await following.stop()

  const result = await backtest('--archive', `s3://${localBucket}/${prefix.replace(/\.$/, '')}`)
  const alerts = counts.get(topicName(prefix, 'alerts'))
  expect(alerts).toBeGreaterThan(100)
  expect(result.recordedAlerts).toEqual({ recorded: alerts, played: alerts, identical: alerts, firstDifferent: null })
  expect(result.decisions.alerts).toBe(alerts)
  expect(result.played).toMatchObject({ listings: listingCount, refused: {} })
})

/** As people run it. The store is the only server it is told of. */
function backtest(...argv: string[]): Promise<BacktestResult> {
  const { endpoint, region, accessKey, secretKey } = servers().s3
  const env = { PATH: process.env.PATH, S3_ENDPOINT: endpoint, S3_REGION: region, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey }
  const child = spawn(process.execPath, [launcher, 'backtest', ...argv, '--json'], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('close', (code) => (code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit code ${code}: ${errors}`))))
  })
}
