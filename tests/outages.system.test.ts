import { afterEach, expect, inject, test } from 'vitest'
import { countArchived } from '#lib/archive/read.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { expectEachOnce } from './pipeline-history.ts'
import { type PrivateServer, startPrivateServer } from './private-servers.ts'
import { runPrefix } from './run-prefix.ts'

/** A server that is away makes the pipeline wait, and say so; nothing is lost. */

let pipeline: Pipeline | undefined
let server: PrivateServer | undefined
afterEach(async () => {
  await pipeline?.close()
  await server?.dispose()
  pipeline = undefined
  server = undefined
})

const shared = () => ({ brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') })

async function until(condition: () => Promise<boolean> | boolean, millis: number): Promise<void> {
  const deadline = systemClock.monotonic() + millis
  while (!(await condition())) {
    if (systemClock.monotonic() > deadline) throw new Error(`not within ${millis / 1_000} s: ${condition}`)
    await systemClock.sleep(100)
  }
}

async function countScored(running: Pipeline) {
  let count = 0
  const following = await running.backend.log.follow([topicName(running.prefix, 'listings.scored')], (records) => {
    count += records.length
  })
  return { count: () => count, stop: following.stop }
}

test('registry down at the start: the stages wait and say so, then go on; down later: schemas known go on', async () => {
  server = await startPrivateServer('registry')
  pipeline = await createPipeline({ servers: { ...shared(), registryUrl: server.address }, prefix: runPrefix('registry-down') })
  const { backend, prefix, playFrom } = pipeline
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: 200, everyMillis: 1_000, askShare: 0.9 })
  await backend.codec.prepare(['MarketEvent', 'ScoredListing'])
  await server.kill()

  const apps = pricingStages.map((name) => pipeline!.start(name))
  for (const app of apps) await until(() => app.lastLogLines(50).includes('waiting for the schema registry'), 30_000)
  for (const app of apps) expect((await app.health()).ready).toBe(false)
  await server.start()
  await pipeline.ready(apps)

  const scored = await countScored(pipeline)
  const producer = backend.log.producer()
  const records = [...feed.history, ...feed.listings].map((event) => feedRecord(backend.codec, prefix, event))
  await producer.send(records.slice(0, -100))
  await until(() => scored.count() === 100, 60_000)
  await server.kill()
  await producer.send(records.slice(-100))
  await until(() => scored.count() === 200, 60_000)
  await producer.close()
  await scored.stop()
  // Whoever checks reads topics whose schemas this process has not met.
  await server.start()
  await expectEachOnce(pipeline, inject('brokers'))
})

test('store down: the archiver waits and loses nothing', async () => {
  server = await startPrivateServer('store')
  const s3 = { ...shared().s3, endpoint: server.address }
  pipeline = await createPipeline({ servers: { ...shared(), s3 }, prefix: runPrefix('store-down') })
  const { backend, prefix, playFrom } = pipeline
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: 500, everyMillis: 1_000, askShare: 0.9 })
  await backend.codec.prepare(['MarketEvent'])
  const archiver = pipeline.start('archiver')
  await pipeline.ready([archiver])
  const producer = backend.log.producer()
  await producer.send(feed.history.map((event) => feedRecord(backend.codec, prefix, event)))
  await server.kill()
  await producer.send(feed.listings.map((event) => feedRecord(backend.codec, prefix, event)))
  await producer.close()
  await until(async () => !(await archiver.health()).ready, 60_000)
  await server.start()
  // The two promotions are records too.
  const all = feed.history.length + feed.listings.length + 2
  const location = { prefix, topic: 'market.events', generation: 1 }
  await until(async () => (await countArchived(backend.store, location)) === all, 90_000)
})
