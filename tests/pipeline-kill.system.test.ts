import { afterEach, expect, inject, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { topicName } from '#lib/market/topics.ts'
import type { AppProcess } from '#lib/running/processes.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createRandom } from '#lib/synthetic/random.ts'
import { createFeed, feedRecord } from './market-feed.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { expectEachOnce } from './pipeline-history.ts'
import { runPrefix } from './run-prefix.ts'

const listingCount = 2_000
const perSecond = 50
/** After it was ready, and in one of five cases already while it starts. */
const killAfterMillis = { ready: [1_000, 6_000], starting: [0, 1_500] } as const
const startingShare = 0.2
/** Killing goes on for this long after the last listing was fed; then the survivors finish. */
const killOnMillis = 30_000
const patienceMillis = 240_000
/** The least the broker takes: how long a killed member's partitions lie idle. */
const sessionTimeoutMillis = '6000'

let pipeline: Pipeline | undefined
afterEach(async () => {
  await pipeline?.close()
  pipeline = undefined
})

const servers = () => ({ brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') })

test('every stage killed at random while 2,000 listings pass: each scored once, alerted at most once, in order', async () => {
  pipeline = await createPipeline({ servers: servers(), prefix: runPrefix('pipeline-kill'), onProgress: console.error })
  const { prefix, backend, playFrom } = pipeline
  const feed = createFeed({ start: playFrom, historyHours: 24, listings: listingCount, everyMillis: 1_000, askShare: 0.45 })
  const victims = pricingStages.map((name) => keepAlive(pipeline as Pipeline, name))
  const killer = startKiller(victims)

  const producer = backend.log.producer()
  await backend.codec.prepare(['MarketEvent'])
  await producer.send(feed.history.map((event) => feedRecord(backend.codec, prefix, event)))
  const started = systemClock.monotonic()
  for (let sent = 0; sent < listingCount; ) {
    const due = Math.min(listingCount, Math.ceil(((systemClock.monotonic() - started) * perSecond) / 1_000))
    if (due > sent) await producer.send(feed.listings.slice(sent, due).map((event) => feedRecord(backend.codec, prefix, event)))
    sent = due
    await systemClock.sleep(20)
  }
  await producer.close()

  const scored: string[] = []
  const alerts: string[] = []
  const dead: LogRecord[] = []
  const lastOffsets = new Map<string, number>()
  const following = await backend.log.follow(
    [topicName(prefix, 'listings.scored'), topicName(prefix, 'alerts'), topicName(prefix, 'dead-letters')],
    async (records) => {
      for (const record of records) {
        const place = `${record.topic}-${record.partition}`
        expect(record.offset).toBeGreaterThan(lastOffsets.get(place) ?? -1)
        lastOffsets.set(place, record.offset)
        if (record.topic.endsWith('dead-letters')) dead.push(record)
        else if (record.topic.endsWith('alerts')) alerts.push((await backend.codec.decode('Alert', record.value as Buffer)).alertId)
        else scored.push((await backend.codec.decode('ScoredListing', record.value as Buffer)).listing.listingId)
      }
    },
  )
  const deadline = systemClock.monotonic() + patienceMillis
  await systemClock.sleep(killOnMillis)
  const kills = await killer.stop()
  while (scored.length < listingCount && systemClock.monotonic() < deadline) await systemClock.sleep(100)
  // What a late duplicate would need: every stage alive, and time to resend.
  await pipeline.ready(victims.map(({ current }) => current()))
  await untilQuiet(() => scored.length + alerts.length)
  await following.stop()
  for (const victim of victims) victim.leaveAlone()

  console.error(`pipeline kill: ${kills} kills, ${scored.length} scored, ${alerts.length} alerts, ${dead.length} dead letters`)
  await expectEachOnce(pipeline, servers().brokers)
  expect(dead.map(({ headers }) => headers)).toEqual([])
  expect(new Set(scored).size).toBe(listingCount)
  expect(scored.length).toBe(listingCount)
  expect(new Set(alerts).size).toBe(alerts.length)
  expect(alerts.length).toBeGreaterThan(0)
  expect(kills).toBeGreaterThan(8)
})

type Victim = Readonly<{ name: string; current(): AppProcess; leaveAlone(): void }>

/** Starts the app again whenever it ends. */
function keepAlive(running: Pipeline, name: string): Victim {
  let wanted = true
  const start = () => running.start(name, { SESSION_TIMEOUT_MILLISECONDS: sessionTimeoutMillis })
  let current = start()
  const revive = async (): Promise<void> => {
    await current.exited
    if (!wanted) return
    current = start()
    await revive()
  }
  void revive()
  return {
    name,
    current: () => current,
    leaveAlone: () => {
      wanted = false
    },
  }
}

function startKiller(victims: readonly Victim[]) {
  const random = createRandom('kills', 1)
  const stopped = new AbortController()
  let kills = 0
  const hunt = async (victim: Victim): Promise<void> => {
    for (;;) {
      const prey = victim.current()
      const moment = random.next() < startingShare ? 'starting' : 'ready'
      if (moment === 'ready') await Promise.race([isReady(prey, stopped.signal), prey.exited])
      const [least, most] = killAfterMillis[moment]
      await systemClock.sleep(least + random.next() * (most - least), stopped.signal)
      prey.child.kill('SIGKILL')
      await prey.exited
      while (victim.current() === prey) await systemClock.sleep(10, stopped.signal)
      kills++
    }
  }
  const hunts = victims.map((victim) => hunt(victim).catch(() => {}))
  return {
    async stop() {
      stopped.abort(new Error('enough'))
      await Promise.all(hunts)
      return kills
    },
  }
}

async function isReady(app: AppProcess, signal: AbortSignal): Promise<void> {
  await app.started.catch(() => {})
  while (
    !(await app.health().then(
      ({ ready }) => ready,
      () => true,
    ))
  )
    await systemClock.sleep(50, signal)
}

async function untilQuiet(count: () => number): Promise<void> {
  for (let before = -1; before !== count(); await systemClock.sleep(3_000)) before = count()
}
