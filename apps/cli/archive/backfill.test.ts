import { beforeEach, describe, expect, it } from 'vitest'
import { createArchive } from '#lib/archive/archive.ts'
import { createPartitionArchiver } from '#lib/archive/partition-archiver.ts'
import { readManifests } from '#lib/archive/read.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { createSampleCodec, sampleListingEvent, sampleTime } from '#lib/archive/testing/archive-samples.ts'
import { verifyArchive } from '#lib/archive/verify.ts'
import { createManualClock, type ManualClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createMemoryLog, type MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { backfillTopic, copyCuts } from './backfill.ts'

const minute = 60_000
const topic = 'run.market.events'
const location = { prefix: 'run.', topic: 'market.events', generation: 1 }
const limits = { maxRecords: 40, maxBytes: 1_000_000 }
const rotationMillis = 10 * minute

let clock: ManualClock
let log: MemoryLog
let codec: Codec
let store: ObjectStore
beforeEach(async () => {
  clock = createManualClock(sampleTime)
  log = createMemoryLog({ clock })
  await log.admin().createTopics([{ topic, partitions: 1 }])
  codec = await createSampleCodec()
  store = createMemoryStore()
})

/** A live archiver through 24 simulated hours, looked at every minute; `comes` says how many records come in a minute. */
async function liveDay(comes: (minuteOfDay: number) => number): Promise<{ oldestUnarchived: number }> {
  const archiver = createPartitionArchiver(0, null, {
    store,
    segments: createSegmentStore({ store, codec, location }),
    codec,
    clock,
    location,
    limits,
    idleMillis: 2 * minute,
    rotationMillis,
  })
  const unarchived: LogRecord[] = []
  let [offset, durable, oldestUnarchived] = [0, 0, 0]
  for (let time = 0; time < 24 * 60; time++) {
    clock.advanceTo(sampleTime + time * minute)
    const values = Array.from({ length: comes(time) }, (_, index) =>
      codec.encode('MarketEvent', sampleListingEvent(offset + index, clock.now())),
    )
    await log.producer().send(values.map((value) => ({ topic, key: 'axie', value })))
    const records = values.map((value, index) => ({
      topic,
      partition: 0,
      offset: offset + index,
      timestamp: clock.now(),
      key: 'axie',
      value,
      headers: {},
    }))
    offset += values.length
    unarchived.push(...records)
    const batch = { topic, partition: 0, records, nextOffset: offset, remaining: 0, isCurrent: () => true }
    durable = (await archiver.write(batch))?.offset ?? durable
    durable = (await archiver.idle?.())?.offset ?? durable
    while (unarchived[0] !== undefined && unarchived[0].offset < durable) unarchived.shift()
    oldestUnarchived = Math.max(oldestUnarchived, clock.now() - (unarchived[0]?.timestamp ?? clock.now()))
  }
  archiver.drain()
  await archiver.idle?.()
  return { oldestUnarchived }
}

const backfillInto = (target: ObjectStore) => backfillTopic({ log, codec, clock, topic, store: target, location, limits })
const named = async (where: ObjectStore) => (await readManifests(where, location)).map(({ key, logicalHash }) => ({ key, logicalHash }))

describe.each([
  ['quiet: a record every three hours', (time: number) => (time % 180 === 7 ? 1 : 0)],
  ['a trickle that never pauses', () => 1],
  ['silence, and bursts', (time: number) => (time % 400 === 0 ? 90 : 0)],
])('a day of %s', (_name, comes) => {
  it('is archived within the rotation time', async () => {
    const { oldestUnarchived } = await liveDay(comes)
    expect(oldestUnarchived).toBeLessThanOrEqual(rotationMillis)
    expect((await verifyArchive(store, location)).problems).toEqual([])
  }, 60_000)

  it('is cut in the same places by a backfill, here and into another store', async () => {
    await liveDay(comes)
    const objects = (await readManifests(store, location)).length
    expect(await backfillInto(store)).toMatchObject({ created: 0, same: objects })
    const copy = createMemoryStore()
    await copyCuts(createArchive({ name: 'run', store, prefix: 'run.' }), location, createSegmentStore({ store: copy, codec, location }))
    expect(await backfillInto(copy)).toMatchObject({ created: objects, same: 0 })
    expect(await named(copy)).toEqual(await named(store))
  }, 60_000)
})

describe('a backfill', () => {
  it('writes what a live archiver never came to', async () => {
    await log.producer().send(Array.from({ length: 100 }, (_, number) => ({ topic, key: 'axie', value: Buffer.from(`record ${number}`) })))
    expect(await backfillInto(store)).toEqual({ topic: 'market.events', created: 3, same: 0, records: 100 })
    expect(await verifyArchive(store, location)).toMatchObject({ records: 100, problems: [] })
  })

  it('stops loudly where the log holds other records than the archive', async () => {
    await log.producer().send([{ topic, key: 'axie', value: Buffer.from('one') }])
    await backfillInto(store)
    log = createMemoryLog({ clock })
    await log.admin().createTopics([{ topic, partitions: 1 }])
    await log.producer().send([{ topic, key: 'axie', value: Buffer.from('another') }])
    await expect(backfillInto(store)).rejects.toThrow(/Nothing was overwritten/)
  })
})
