import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { backfillTopic, copyCuts } from '#app/cli/archive/backfill.ts'
import { createArchive } from '#lib/archive/archive.ts'
import { compareWithLog } from '#lib/archive/compare-with-log.ts'
import { readManifests } from '#lib/archive/read.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { sampleListingEvent, sampleTime } from '#lib/archive/testing/archive-samples.ts'
import { verifyArchive } from '#lib/archive/verify.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createRegistry } from '#lib/codec/confluent-registry.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import { type Backend, localBucket } from '#lib/running/backend.ts'
import { type AppProcess, createProcesses } from '#lib/running/processes.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createRandom } from '#lib/synthetic/random.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { type PrivateServer, startPrivateServer } from '../../tests/private-servers.ts'
import { runPrefix } from '../../tests/run-prefix.ts'

/**
 * The archiver as a process, on a real broker and a real S3 server of its own, under violence: whatever dies, every visible record is
 * archived once, and no object is ever written over.
 */

const recordCount = 100_000
const recordsPerTransaction = 500
const sessionTimeoutMillis = '6000'
const patienceMillis = 240_000
const topic = 'market.events'

type World = Readonly<{
  prefix: string
  server: PrivateServer
  store: ObjectStore
  backend: Pick<Backend, 'log' | 'codec'>
  start(settings?: Readonly<Record<string, string>>): AppProcess
}>

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function createWorld(name: string): Promise<World> {
  const prefix = runPrefix(name)
  const server = await startPrivateServer('store')
  closers.push(() => server.dispose())
  const credentials = { region: 'us-east-1', accessKey: 'flipstream', secretKey: 'flipstream-local' }
  const store = createS3Store({ endpoint: server.address, bucket: localBucket, ...credentials, timeoutMillis: 5_000 })
  const brokers = inject('brokers')
  const log = createKafkajsLog({ brokers, clientId: `${prefix}test`, logger: createLogger('test', 'silent') })
  closers.push(() => log.close())
  const codec = createCodec({ registry: createRegistry({ url: inject('registryUrl') }) })
  await codec.prepare(['MarketEvent'])
  await log.admin().createTopics([{ topic: `${prefix}${topic}`, partitions: 1 }])
  const environment = {
    PATH: process.env.PATH ?? '',
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: inject('registryUrl'),
    S3_ENDPOINT: server.address,
    S3_REGION: credentials.region,
    S3_ACCESS_KEY: credentials.accessKey,
    S3_SECRET_KEY: credentials.secretKey,
    S3_BUCKET: localBucket,
    PREFIX: prefix,
    SESSION_TIMEOUT_MILLISECONDS: sessionTimeoutMillis,
    ARCHIVE_TOPICS: topic,
    ARCHIVE_MAX_RECORDS: '3000',
    ARCHIVE_IDLE_SECONDS: '2',
  }
  const startProcess = createProcesses({ environment, logDirectory: mkdtempSync(join(tmpdir(), 'flipstream-archiver-')) })
  const start = (settings = {}) => {
    const started = startProcess('archiver', { settings })
    closers.push(async () => {
      started.child.kill('SIGKILL')
      await started.exited
    })
    return started
  }
  return { prefix, server, store, backend: { log, codec }, start }
}

/** Live events, half a second of the market apart, in transactions; every tenth is aborted. */
async function feed({ prefix, backend: { log, codec } }: World, count: number, pauseMillis: number): Promise<void> {
  const writer = log.transactionalProducer(`${prefix}feed`)
  await writer.fence()
  for (let at = 0, transaction = 1; at < count; transaction++) {
    const aborted = transaction % 10 === 0
    const records = Array.from({ length: Math.min(recordsPerTransaction, count - at) }, (_, index) => ({
      topic: `${prefix}${topic}`,
      key: 'axie',
      value: codec.encode('MarketEvent', sampleListingEvent(at + index, sampleTime + (at + index) * 500)),
    }))
    const written = writer.commitTransaction({
      records,
      ...(aborted && { beforeCommit: () => Promise.reject(new Error('aborted on purpose')) }),
    })
    if (aborted) await expect(written).rejects.toThrow('aborted on purpose')
    else {
      await written
      at += records.length
    }
    await systemClock.sleep(pauseMillis)
  }
  await writer.close()
}

/** Notes the tag of every object again and again: one that changes was written over. */
function watchTags(store: ObjectStore) {
  const tags = new Map<string, string>()
  const changed: string[] = []
  const stopped = new AbortController()
  const look = async () => {
    const keys: string[] = []
    for await (const { key } of store.list('')) keys.push(key)
    for (const key of keys) {
      const found = await store.stat(key)
      if (found === null) continue
      const known = tags.get(key)
      if (known !== undefined && known !== found.etag) changed.push(key)
      tags.set(key, found.etag)
    }
  }
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      // The server is down now and then, on purpose.
      await look().catch(() => {})
      await systemClock.sleep(1_000, stopped.signal).catch(() => {})
    }
  })()
  return {
    async changed(): Promise<readonly string[]> {
      stopped.abort(new Error('enough'))
      await watching
      await look()
      return changed
    },
  }
}

async function untilArchived({ prefix, backend: { log } }: World): Promise<void> {
  const admin = log.admin()
  const partition = { topic: `${prefix}${topic}`, partition: 0 }
  const deadline = systemClock.monotonic() + patienceMillis
  const next = (await admin.offsets(partition.topic))[0]!.next
  // The last offset is the marker of the last transaction: the record before it is the last one.
  while (((await admin.committed(`${prefix}archiver`, partition))?.offset ?? 0) < next - 1) {
    if (systemClock.monotonic() > deadline) throw new Error('not archived in time')
    await systemClock.sleep(200)
  }
  await admin.close()
}

const locationIn = ({ prefix }: World) => ({ prefix, topic, generation: 1 })

/** From the store alone, and record by record beside the log. */
async function prove(world: World, records: number): Promise<void> {
  expect(await verifyArchive(world.store, locationIn(world))).toMatchObject({ records, problems: [] })
  const archive = createArchive({ name: 'test', store: world.store, prefix: world.prefix })
  const compared = {
    topic: `${world.prefix}${topic}`,
    compacted: false,
    archived: (partition: number, fromOffset: number) => archive.records({ topic, generation: 1 }, { partition, fromOffset }),
  }
  const comparison = await compareWithLog(world.backend.log, [compared], { allowLagMillis: 0, clock: systemClock })
  expect(comparison.get(compared.topic)).toEqual({ visible: records, found: records, waiting: 0, problems: [] })
}

describe('the archiver', () => {
  test('killed every few seconds while 100,000 records pass, and the store with it: every record once, nothing written over', async () => {
    const world = await createWorld('archiver-kill')
    const tags = watchTags(world.store)
    const random = createRandom('archiver kills', 1)
    let feeding = true
    const fed = feed(world, recordCount, 150).finally(() => {
      feeding = false
    })
    let [kills, restarts] = [0, 0]
    while (feeding) {
      const archiver = world.start()
      await archiver.started
      await systemClock.sleep(1_500 + random.next() * 5_000)
      if (kills % 3 === 2) {
        await world.server.kill()
        await systemClock.sleep(random.next() * 1_500)
        await world.server.start()
        restarts++
      }
      archiver.child.kill('SIGKILL')
      await archiver.exited
      kills++
    }
    await fed
    const last = world.start()
    await untilArchived(world)
    await last.stop()

    console.error(`archiver: killed ${kills} times, store restarted ${restarts} times`)
    expect(kills).toBeGreaterThanOrEqual(3)
    expect(restarts).toBeGreaterThanOrEqual(1)
    expect(await tags.changed()).toEqual([])
    await prove(world, recordCount)
    await proveBackfill(world)
  })

  test('frozen while another takes its partition, then thawed: every record once, and the one that lost says so', async () => {
    const world = await createWorld('archiver-zombie')
    const tags = watchTags(world.store)
    const first = world.start()
    await first.started
    const fed = feed(world, 10_000, 300)
    // In the middle of it: it holds records that it has not archived.
    await systemClock.sleep(2_000)
    first.child.kill('SIGSTOP')
    const second = world.start()
    await fed
    await untilArchived(world)
    const before = first.lastLogLines(1_000).length
    first.child.kill('SIGCONT')
    const deadline = systemClock.monotonic() + 60_000
    const said = () => first.lastLogLines(1_000).slice(before)
    while (!/fenced|beginning anew|no longer|"epoch":/.test(said()) && systemClock.monotonic() < deadline) await systemClock.sleep(200)
    expect(said()).toMatch(/fenced|beginning anew|no longer|"epoch":/)
    await first.stop()
    await second.stop()
    expect(await tags.changed()).toEqual([])
    await prove(world, 10_000)
  })
})

/** The whole topic once more from its first offset, into another store: the same names, the same records in each. */
async function proveBackfill(world: World): Promise<void> {
  const copy = createMemoryStore()
  const { log, codec } = world.backend
  const location = locationIn(world)
  const archive = createArchive({ name: 'test', store: world.store, prefix: world.prefix })
  await copyCuts(archive, location, createSegmentStore({ store: copy, codec, location }))
  const limits = { maxRecords: 1_000_000, maxBytes: 1e9 }
  await backfillTopic({ log, codec, clock: systemClock, topic: `${world.prefix}${topic}`, store: copy, location, limits })
  const named = async (store: ObjectStore) => (await readManifests(store, location)).map(({ key, logicalHash }) => ({ key, logicalHash }))
  expect(await named(copy)).toEqual(await named(world.store))
}
