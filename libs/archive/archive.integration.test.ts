import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { createS3Store } from '#lib/objectstore/s3-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type PrivateServer, startPrivateServer } from '../../tests/private-servers.ts'
import { createPartitionArchiver } from './partition-archiver.ts'
import { countArchived, readArchive } from './read.ts'
import { createSegmentStore } from './segment-store.ts'
import { createSampleCodec, sampleListingEvent, sampleRecord, sampleTime } from './testing/archive-samples.ts'
import { verifyArchive } from './verify.ts'

const location = { prefix: 'run.', topic: 'market.events', generation: 1 }
const batchSize = 500

describe('archive on a real S3 server', () => {
  let server: PrivateServer
  let codec: Codec
  beforeAll(async () => {
    server = await startPrivateServer('store')
    codec = await createSampleCodec()
  })
  afterAll(() => server?.dispose())

  it('holds every offset once after the server was killed in mid-write, again and again', async () => {
    const store = createS3Store({
      endpoint: server.address,
      region: 'us-east-1',
      bucket: 'archive',
      accessKey: 'flipstream',
      secretKey: 'flipstream-local',
      timeoutMillis: 5_000,
    })
    const log = Array.from({ length: 20_000 }, (_, offset) =>
      sampleRecord(offset, codec.encode('MarketEvent', sampleListingEvent(offset, sampleTime + offset * 500))),
    )
    const open = (at: number) =>
      createPartitionArchiver(0, at === 0 ? null : { offset: at, metadata: '' }, {
        store,
        segments: createSegmentStore({ store, codec, location }),
        codec,
        clock: systemClock,
        location,
        limits: { maxRecords: 1_700, maxBytes: 1_000_000 },
        idleMillis: 60_000,
        rotationMillis: 600_000,
      })

    let committed = 0
    let archiver = open(0)
    let failures = 0
    let at = 0
    while (at < log.length || archiver.inMemory().records > 0) {
      if (at >= log.length) archiver.drain()
      const records = log.slice(at, at + batchSize)
      // The server dies while this batch is at work, three times in the run; the archiver dies with it the second time.
      const kill = failures < 3 && at >= (failures + 1) * 5_000 ? server.kill() : Promise.resolve()
      try {
        const batch = {
          topic: 'run.market.events',
          partition: 0,
          records,
          nextOffset: at + records.length,
          remaining: 0,
          isCurrent: () => true,
        }
        const position = await (records.length > 0 ? archiver.write(batch) : archiver.idle!())
        committed = position?.offset ?? committed
        at += records.length
      } catch (error) {
        expect(error).toBeInstanceOf(RetryableError)
        failures++
        await kill
        await server.start()
        if (failures === 2) {
          archiver = open(committed)
          at = committed
        }
      }
      await kill
    }

    expect(failures).toBe(3)
    expect(await verifyArchive(store, location)).toMatchObject({ records: log.length, problems: [] })
    expect(await countArchived(store, location)).toBe(log.length)
    const archived: LogRecord[] = []
    for await (const record of readArchive(store, location)) archived.push({ ...record, topic: 'run.market.events' })
    expect(archived).toEqual(log)
  })
})
