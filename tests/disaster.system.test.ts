import { afterEach, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import { localBucket } from '#lib/running/backend.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'

const listingCount = 400
const patienceMillis = 180_000
const archived = ['market.events', 'listings.scored', 'alerts'] as const

let pipeline: Pipeline | undefined
afterEach(async () => {
  await pipeline?.close()
  pipeline = undefined
})

test('all topics and groups are lost: rebuilt from the archive as a new generation, with the same scores and alerts to the byte', async () => {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  pipeline = await createPipeline({ servers, prefix: runPrefix('disaster'), onProgress: console.error })
  const { prefix, backend, playFrom } = pipeline
  const apps = [...pricingStages, 'archiver'].map((app) => pipeline!.start(app))
  await pipeline.ready(apps)
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: listingCount, everyMillis: 1_000, askShare: 0.45 })
  const producer = backend.log.producer()
  await backend.codec.prepare(['MarketEvent'])
  await producer.send([...feed.history, ...feed.listings].map((event) => feedRecord(backend.codec, prefix, event)))
  await producer.close()
  await untilArchived(pipeline)
  for (const app of apps) await app.stop()

  const admin = backend.log.admin()
  const lost = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  await admin.deleteGroups((await admin.listGroups()).filter((group) => group.startsWith(prefix)))
  await admin.deleteTopics(lost)
  await admin.close()

  const name = prefix.replace(/\.$/, '')
  const recording = ['--archive', `s3://${localBucket}/${name}`, '--to', `${name}-g2`]
  const rebuilt = await runCommand(servers, ['replay', ...recording, '--pipeline'])
  expect(rebuilt.code, rebuilt.stderr).toBe(0)
  const verified = await runCommand(servers, ['replay', 'verify', ...recording, '--json'])
  console.error(`disaster drill: ${lost.length} topics lost; ${verified.stdout.trim()}`)
  expect(verified.code, verified.stderr).toBe(0)
  expect(JSON.parse(verified.stdout)).toMatchObject({ identical: true, refused: [] })
})

/** Every listing scored, and every record of what is compared later committed by the archiver. */
async function untilArchived({ prefix, backend }: Pipeline): Promise<void> {
  const admin = backend.log.admin()
  const deadline = systemClock.monotonic() + patienceMillis
  const endOf = async (topic: string) => (await admin.offsets(topic)).reduce((sum, { next }) => sum + next, 0)
  const isArchived = async (topic: string) => {
    for (const { partition, first, next } of await admin.offsets(topic)) {
      // A transaction ends in a marker that is no record: the archiver's place may stay one behind it.
      const position = (await admin.committed(`${prefix}archiver`, { topic, partition }))?.offset ?? first
      if (next > first && position < next - 1) return false
    }
    return true
  }
  const all = async () => {
    if ((await endOf(topicName(prefix, 'listings.scored'))) < listingCount) return false
    for (const topic of archived) if (!(await isArchived(topicName(prefix, topic)))) return false
    return true
  }
  // Twice in a row: between two looks everything behind may have moved on.
  for (let times = 0; times < 3 && systemClock.monotonic() < deadline; await systemClock.sleep(1_000)) times = (await all()) ? times + 1 : 0
  await admin.close()
}
