import { createHash } from 'node:crypto'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, systemClock } from '#lib/clock/clock.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { createArchive } from './archive.ts'
import { compareWithLog } from './compare-with-log.ts'
import type { Manifest } from './manifest.ts'
import { createPartitionArchiver } from './partition-archiver.ts'
import { readArchive, readManifests } from './read.ts'
import { createSegmentStore } from './segment-store.ts'
import { createSampleCodec, sampleSaleEvent, sampleTime } from './testing/archive-samples.ts'
import { verifyArchive } from './verify.ts'

const location = { prefix: 'run.', topic: 'market.events', generation: 1 }
const topic = 'run.market.events'
const recordCount = 10

let log: MemoryLog
let store: ObjectStore
let manifests: readonly [Manifest, Manifest, Manifest]

/** Ten records in the log, in objects of four, four and two. */
beforeEach(async () => {
  log = createMemoryLog({ clock: createManualClock(sampleTime) })
  await log.admin().createTopics([{ topic, partitions: 1 }])
  const codec = await createSampleCodec()
  await send(Array.from({ length: recordCount }, (_, number) => codec.encode('MarketEvent', sampleSaleEvent(number, sampleTime + number))))
  store = createMemoryStore()
  const archiver = createPartitionArchiver(0, null, {
    store,
    segments: createSegmentStore({ store, codec, location }),
    codec,
    clock: systemClock,
    location,
    limits: { maxRecords: 4, maxBytes: 1_000_000 },
    idleMillis: 60_000,
    rotationMillis: 60_000,
  })
  const records = await logged()
  await archiver.write({ topic, partition: 0, records, nextOffset: records.length, remaining: 0, isCurrent: () => true })
  archiver.drain()
  await archiver.idle?.()
  manifests = (await readManifests(store, location)) as unknown as typeof manifests
})

const send = (values: readonly Buffer[]) => log.producer().send(values.map((value) => ({ topic, key: 'axie', value })))

const logged = async () => {
  const records: LogRecord[] = []
  const follower = await log.follow([topic], (batch) => void records.push(...batch))
  await follower.caughtUp
  await follower.stop()
  return records
}

const overwrite = async (key: string, bytes: Buffer) => {
  await store.remove(key)
  await store.putIfAbsent(key, bytes)
}

const manifestKeyOf = ({ begin, end }: Manifest) => {
  const padded = (offset: number) => String(offset).padStart(20, '0')
  return `run/archive/market.events/g=1/manifests/p=00/${padded(begin)}-${padded(end)}.json`
}

describe('an archive proves itself', () => {
  const problems = async () => (await verifyArchive(store, location)).problems

  it('when every object is there as it was written', async () => {
    expect(await verifyArchive(store, location)).toMatchObject({ objects: 3, records: recordCount, problems: [] })
  })

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['a truncated object', (bytes) => bytes.subarray(0, bytes.length / 2)],
    ['an altered object', (bytes) => Buffer.from(bytes.map((byte, index) => (index === 40 ? byte ^ 1 : byte)))],
    ['an empty object', () => Buffer.alloc(0)],
  ])('but not with %s', async (_what, damage) => {
    const [, { key, sha256, size }] = manifests
    await overwrite(key, damage((await store.get(key))!))
    expect(await problems()).toEqual([expect.stringContaining(`${key} was altered: expected ${size} bytes with sha256 ${sha256}`)])
  })

  it('but not with a missing object', async () => {
    await store.remove(manifests[1].key)
    expect(await problems()).toEqual([`archive object ${manifests[1].key} is missing (its manifest counts 4 records)`])
  })

  it('but not with an object without manifest, which leaves a gap', async () => {
    await store.remove(manifestKeyOf(manifests[1]))
    expect(await problems()).toEqual([
      expect.stringContaining('partition 0: offsets 4 to 8 are in no object'),
      expect.stringContaining(`${manifests[1].key}: an object without manifest`),
    ])
  })

  it('and a gap is no shorter market: who reads across it is told, before the first record behind it', async () => {
    await store.remove(manifestKeyOf(manifests[1]))
    const read: number[] = []
    const reading = async (fromOffset: number) => {
      for await (const { offset } of readArchive(store, location, { fromOffset })) read.push(offset)
    }
    await expect(reading(0)).rejects.toThrow('archive of market.events: partition 0: offsets 4 to 8 are in no object')
    expect(read).toEqual([0, 1, 2, 3])
    await reading(8)
    expect(read).toEqual([0, 1, 2, 3, 8, 9])
  })

  it.each([
    ['that is cut', (text: string) => text.slice(0, 50), /expected JSON/],
    ['of another shape', () => '{"version":1}', /topic: Invalid input/],
    ['of another object', (text: string) => text.replace('"begin":4', '"begin":3'), /expected begin 4, found 3/],
    ['that counts otherwise', (text: string) => text.replace('"count":4', '"count":5'), /4 records, its manifest counts 5/],
  ])('but not with a manifest %s', async (_what, damage, message) => {
    const key = manifestKeyOf(manifests[1])
    await overwrite(key, Buffer.from(damage(String(await store.get(key)))))
    expect((await problems())[0]).toMatch(message)
  })

  it('but not with an object of another schema, whatever its manifest says', async () => {
    const bytes = Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'price', type: 'DOUBLE', data: [1, 2] }] }))
    await overwrite(manifests[1].key, bytes)
    const forged = { ...manifests[1], size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    await overwrite(manifestKeyOf(manifests[1]), Buffer.from(JSON.stringify(forged)))
    expect(await problems()).toEqual([expect.stringContaining(`${manifests[1].key} is not a Parquet file of the archive`)])
  })
})

describe('an archive beside the log it came from', () => {
  const compare = async (options: { compacted?: boolean; allowLagMillis?: number } = {}) => {
    const archive = createArchive({ name: 'run', store, prefix: 'run.' })
    const compared = {
      topic,
      compacted: options.compacted ?? false,
      archived: (partition: number, fromOffset: number) => archive.records(location, { partition, fromOffset }),
    }
    const clock = createManualClock(sampleTime + 60_000)
    return (await compareWithLog(log, [compared], { allowLagMillis: options.allowLagMillis ?? 0, clock })).get(topic)
  }

  it('holds every visible record, the same to the byte', async () => {
    expect(await compare()).toEqual({ visible: 10, found: 10, waiting: 0, problems: [] })
  })

  it('must hold the newest too, unless they may still wait', async () => {
    await send([Buffer.from('a'), Buffer.from('b')])
    expect((await compare())?.problems).toEqual([`partition 0 of ${topic}: 2 records, offsets 10 to 11, of the log are not archived`])
    expect(await compare({ allowLagMillis: 120_000 })).toMatchObject({ found: 10, waiting: 2, problems: [] })
  })

  it('must not hold other records than the log', async () => {
    const codec = await createSampleCodec()
    log = createMemoryLog({ clock: createManualClock(sampleTime) })
    await log.admin().createTopics([{ topic, partitions: 1 }])
    await send(
      Array.from({ length: 9 }, (_, number) =>
        codec.encode('MarketEvent', sampleSaleEvent(number === 5 ? 99 : number, sampleTime + number)),
      ),
    )
    expect((await compare())?.problems).toEqual([
      `partition 0 of ${topic}: 1 records, offsets 5 to 5, are archived with other contents than the log has`,
      `partition 0 of ${topic}: 1 records, offsets 9 to 9, are archived, and lie beyond the end of the log (was it rebuilt?)`,
    ])
  })

  it('must not hold what readers of the log never see; compaction alone may take records away', async () => {
    log = createMemoryLog({ clock: createManualClock(sampleTime) })
    await log.admin().createTopics([{ topic, partitions: 1 }])
    const writer = log.transactionalProducer('w')
    await writer.fence()
    const records = Array.from({ length: recordCount }, () => ({ topic, key: 'axie', value: Buffer.from('x') }))
    const aborted = writer.commitTransaction({ records, beforeCommit: () => Promise.reject(new Error('aborted')) })
    await expect(aborted).rejects.toThrow()
    expect((await compare())?.problems).toEqual([
      `partition 0 of ${topic}: 10 records, offsets 0 to 9, are archived, and no visible records of the log`,
    ])
    expect((await compare({ compacted: true }))?.problems).toEqual([])
  })

  it('is missing as a whole where nothing was archived', async () => {
    store = createMemoryStore()
    expect((await compare())?.problems).toEqual([`partition 0 of ${topic}: 10 records, offsets 0 to 9, of the log are not archived`])
  })
})
