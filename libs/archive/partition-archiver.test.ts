import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { CommittedOffset, LogRecord } from '#lib/stream/log.ts'
import { createPartitionArchiver, type PartitionArchiver } from './partition-archiver.ts'
import { readArchive, readManifests } from './read.ts'
import type { SegmentLimits } from './segment.ts'
import { createSegmentStore } from './segment-store.ts'
import { createSampleCodec, sampleRecord, sampleSaleEvent, sampleTime } from './testing/archive-samples.ts'
import { createFaultyStore, type StoreFault } from './testing/faulty-store.ts'
import { verifyArchive } from './verify.ts'

const minute = 60_000
const hour = 60 * minute
const location = { prefix: 'run.', topic: 'market.events', generation: 1 }
const idleMillis = 30_000
const rotationMillis = 10 * minute

let codec: Codec
beforeAll(async () => {
  codec = await createSampleCodec()
})

const sale = (offset: number, observedAt: number) => sampleRecord(offset, codec.encode('MarketEvent', sampleSaleEvent(offset, observedAt)))

const archiver = (
  store: ObjectStore,
  options: {
    committed?: CommittedOffset
    limits?: Partial<SegmentLimits>
    clock?: ReturnType<typeof createManualClock>
    mustEnd?: () => boolean
  } = {},
) =>
  createPartitionArchiver(0, options.committed ?? null, {
    store,
    segments: createSegmentStore({ store, codec, location }),
    codec,
    clock: options.clock ?? createManualClock(0),
    location,
    limits: { maxRecords: 1_000, maxBytes: 1_000_000, ...options.limits },
    idleMillis,
    rotationMillis,
    ...(options.mustEnd !== undefined && { mustEnd: options.mustEnd }),
  })

const batch = (records: readonly LogRecord[]) => ({
  topic: 'run.market.events',
  partition: 0,
  records,
  nextOffset: (records.at(-1)?.offset ?? -1) + 1,
  remaining: 0,
  isCurrent: () => true,
})

const stored = async (store: ObjectStore) => {
  const records: LogRecord[] = []
  for await (const record of readArchive(store, location)) records.push({ ...record, topic: 'run.market.events' })
  return records
}

const dataKeys = async (store: ObjectStore) => {
  const keys: string[] = []
  for await (const { key } of store.list('run/archive/market.events/g=1/dt=')) keys.push(key.slice('run/archive/market.events/g=1/'.length))
  return keys
}

const padded = (offset: number) => String(offset).padStart(20, '0')

describe('archiver of a partition', () => {
  it('ends an object by count, and says up to where everything is durable', async () => {
    const store = createMemoryStore()
    const archive = archiver(store, { limits: { maxRecords: 2 } })
    expect(await archive.write(batch([sale(0, sampleTime)]))).toBeNull()
    expect(await archive.write(batch([sale(1, sampleTime), sale(2, sampleTime)]))).toEqual({ offset: 2, metadata: '' })
    expect(await dataKeys(store)).toEqual([`dt=2022-04-16/hour=12/p=00/${padded(0)}-${padded(1)}.parquet`])
    expect(archive.inMemory().records).toBe(1)
  })

  it('ends an object by bytes', async () => {
    const store = createMemoryStore()
    const archive = archiver(store, { limits: { maxBytes: 3_200 } })
    const records = [0, 1, 2, 3].map((offset) => sampleRecord(offset, Buffer.alloc(offset === 2 ? 5_000 : 700)))
    await archive.write(batch(records))
    const manifests = await readManifests(store, location)
    expect(manifests.map(({ firstOffset, lastOffset }) => [firstOffset, lastOffset])).toEqual([
      [0, 1],
      [2, 2],
    ])
  })

  it('ends an object where the hour of the market changes, and never goes back', async () => {
    const store = createMemoryStore()
    const archive = archiver(store)
    const times = [0, 30 * minute, 61 * minute, 10 * minute, 62 * minute, 3 * hour]
    await archive.write(batch(times.map((time, offset) => sale(offset, sampleTime + time))))
    archive.drain()
    expect(await archive.idle?.()).toEqual({ offset: 6, metadata: '' })
    expect(await dataKeys(store)).toEqual([
      `dt=2022-04-16/hour=12/p=00/${padded(0)}-${padded(1)}.parquet`,
      `dt=2022-04-16/hour=13/p=00/${padded(2)}-${padded(4)}.parquet`,
      `dt=2022-04-16/hour=15/p=00/${padded(5)}-${padded(5)}.parquet`,
    ])
  })

  it('keeps the hour across a restart: a late event goes where its neighbours go', async () => {
    const store = createMemoryStore()
    await archiver(store, { limits: { maxRecords: 1 } }).write(batch([sale(0, sampleTime + 5 * hour)]))
    await archiver(store, { committed: { offset: 1, metadata: '' }, limits: { maxRecords: 1 } }).write(batch([sale(1, sampleTime)]))
    expect(await dataKeys(store)).toEqual([
      `dt=2022-04-16/hour=17/p=00/${padded(0)}-${padded(0)}.parquet`,
      `dt=2022-04-16/hour=17/p=00/${padded(1)}-${padded(1)}.parquet`,
    ])
  })

  it('archives what it cannot decode, verbatim', async () => {
    const store = createMemoryStore()
    const archive = archiver(store, { limits: { maxRecords: 3 } })
    const records = [sampleRecord(0, Buffer.from('garbage')), sampleRecord(1, null), sampleRecord(2, Buffer.from([0, 0, 0, 9, 9, 1]))]
    await archive.write(batch(records))
    expect(await stored(store)).toEqual(records)
  })

  it('waits while the registry is away: columns must not depend on that', async () => {
    let away = true
    const flaky = {
      ...codec,
      decode: (name: 'MarketEvent', bytes: Buffer) => (away ? Promise.reject(new RetryableError('away')) : codec.decode(name, bytes)),
    }
    const store = createMemoryStore()
    const archive = createPartitionArchiver(0, null, {
      store,
      segments: createSegmentStore({ store, codec, location }),
      codec: flaky as Codec,
      clock: createManualClock(0),
      location,
      limits: { maxRecords: 1, maxBytes: 1_000_000 },
      idleMillis,
      rotationMillis,
    })
    await expect(archive.write(batch([sale(0, sampleTime)]))).rejects.toMatchObject({ name: 'RetryableError' })
    away = false
    expect(await archive.write(batch([sale(0, sampleTime)]))).toEqual({ offset: 1, metadata: '' })
    expect((await readManifests(store, location))[0]).toMatchObject({ minObservedAt: sampleTime, schemaIds: [1] })
  })

  it('is not carried off for ever by a time that is none', async () => {
    const store = createMemoryStore()
    const archive = archiver(store, { limits: { maxRecords: 1 } })
    await archive.write(batch([sale(0, 8.64e15 + 1), sale(1, sampleTime)]))
    expect(await dataKeys(store)).toEqual([
      `dt=1970-01-01/hour=00/p=00/${padded(0)}-${padded(0)}.parquet`,
      `dt=2022-04-16/hour=12/p=00/${padded(1)}-${padded(1)}.parquet`,
    ])
  })

  it('archives a quiet topic after the idle time, and not before', async () => {
    const store = createMemoryStore()
    const clock = createManualClock(1_000)
    const archive = archiver(store, { clock })
    await archive.write(batch([sale(0, sampleTime)]))
    clock.advanceTo(1_000 + idleMillis - 1)
    expect(await archive.idle?.()).toBeNull()
    clock.advanceTo(1_000 + idleMillis)
    expect(await archive.idle?.()).toEqual({ offset: 1, metadata: '' })
    expect(archive.inMemory()).toEqual({ records: 0, bytes: 0 })
  })

  it('archives what trickles in, never quiet, after the rotation time', async () => {
    const store = createMemoryStore()
    const clock = createManualClock(0)
    const archive = archiver(store, { clock })
    for (let offset = 0; clock.now() < rotationMillis; offset++) {
      expect(await archive.write(batch([sale(offset, sampleTime)]))).toBeNull()
      clock.advanceTo(clock.now() + idleMillis - 1)
    }
    const durable = await archive.write(batch([sale(100, sampleTime)]))
    expect(durable).toEqual({ offset: 101, metadata: '' })
  })

  it('ends an object early for want of memory, and whoever comes later cuts there too', async () => {
    const store = createMemoryStore()
    const records = [0, 1, 2, 3].map((offset) => sale(offset, sampleTime))
    let scarce = true
    const archive = archiver(store, { mustEnd: () => scarce })
    expect(await archive.write(batch(records.slice(0, 2)))).toEqual({ offset: 2, metadata: '' })
    scarce = false
    expect(await archive.write(batch(records.slice(2)))).toBeNull()
    const later = archiver(store)
    await later.write(batch(records))
    later.drain()
    await later.idle?.()
    expect((await readManifests(store, location)).map(({ begin, end }) => [begin, end])).toEqual([
      [0, 2],
      [2, 4],
    ])
  })

  it('stores the writer schemas beside the data', async () => {
    const store = createMemoryStore()
    await archiver(store, { limits: { maxRecords: 1 } }).write(batch([sale(0, sampleTime)]))
    const schema = await store.get('run/archive/market.events/g=1/schemas/1.json')
    expect(JSON.parse(String(schema))).toMatchObject({ name: 'MarketEvent' })
  })

  it('cuts where an earlier run cut, when that one was shorter', async () => {
    const store = createMemoryStore()
    const records = [0, 1, 2, 3].map((offset) => sale(offset, sampleTime))
    const first = archiver(store)
    await first.write(batch(records.slice(0, 2)))
    first.drain()
    await first.idle?.()
    const second = archiver(store, { limits: { maxRecords: 4 } })
    expect(await second.write(batch(records))).toEqual({ offset: 2, metadata: '' })
    second.drain()
    await second.idle?.()
    expect(await stored(store)).toEqual(records)
    expect((await verifyArchive(store, location)).problems).toEqual([])
  })

  it('cuts where an earlier run cut, when that one was longer', async () => {
    const store = createMemoryStore()
    const records = [0, 1, 2, 3, 4, 5].map((offset) => sale(offset, sampleTime))
    await archiver(store, { limits: { maxRecords: 4 } }).write(batch(records))
    const second = archiver(store, { limits: { maxRecords: 3 } })
    expect(await second.write(batch(records.slice(0, 3)))).toBeNull()
    expect(await second.idle?.()).toBeNull()
    expect(await second.write(batch(records.slice(3)))).toEqual({ offset: 4, metadata: '' })
    second.drain()
    await second.idle?.()
    expect(await stored(store)).toEqual(records)
    expect((await verifyArchive(store, location)).problems).toEqual([])
  })

  it('compares, and writes nothing twice, when the group is moved into the middle of an object', async () => {
    const store = createMemoryStore()
    const records = [0, 1, 2, 3, 4, 5].map((offset) => sale(offset, sampleTime))
    await archiver(store, { limits: { maxRecords: 4 } }).write(batch(records))
    const moved = archiver(store, { committed: { offset: 2, metadata: '' }, limits: { maxRecords: 2 } })
    expect(await moved.write(batch(records.slice(2)))).toEqual({ offset: 6, metadata: '' })
    expect(await stored(store)).toEqual(records)
    expect((await verifyArchive(store, location)).problems).toEqual([])
  })

  it.each([
    ['from the beginning', undefined],
    ['in the middle of an object', { offset: 1, metadata: '' }],
  ])('stops loudly, and overwrites nothing, when the log holds other records (%s)', async (_where, committed) => {
    const store = createMemoryStore()
    const records = [0, 1, 2].map((offset) => sale(offset, sampleTime))
    await archiver(store, { limits: { maxRecords: 3 } }).write(batch(records))
    const rebuilt = records.map((record) => ({ ...record, timestamp: record.timestamp + 1 }))
    const second = archiver(store, { limits: { maxRecords: 3 }, ...(committed === undefined ? {} : { committed }) })
    await expect(second.write(batch(rebuilt.slice(committed?.offset ?? 0)))).rejects.toMatchObject({
      name: 'FatalError',
      message: expect.stringContaining('ARCHIVE_GENERATION'),
    })
    expect(await stored(store)).toEqual(records)
  })

  it('reports offsets that are in no object and gone from the log', async () => {
    const store = createMemoryStore()
    await archiver(store, { limits: { maxRecords: 1 } }).write(batch([sale(0, sampleTime)]))
    const gaps: unknown[] = []
    const later = createPartitionArchiver(0, null, {
      store,
      segments: createSegmentStore({ store, codec, location }),
      codec,
      clock: createManualClock(0),
      location,
      limits: { maxRecords: 1, maxBytes: 1_000_000 },
      idleMillis,
      rotationMillis,
      onGap: (gap) => gaps.push(gap),
    })
    await later.write(batch([sale(9, sampleTime)]))
    expect(gaps).toEqual([{ partition: 0, from: 1, to: 9 }])
    expect((await verifyArchive(store, location)).problems).toEqual([expect.stringContaining('offsets 1 to 9 are in no object')])
  })
})

describe('retention that passes the archiver', () => {
  const sales = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => sale(from + index, sampleTime))
  const withGap = (records: readonly LogRecord[], from: number, to: number) => ({ ...batch(records), missing: { from, to } })
  const gapped = (store: ObjectStore, committed: number, gaps: unknown[], limits: Partial<SegmentLimits> = {}) =>
    createPartitionArchiver(0, committed === 0 ? null : { offset: committed, metadata: '' }, {
      store,
      segments: createSegmentStore({ store, codec, location }),
      codec,
      clock: createManualClock(0),
      location,
      limits: { maxRecords: 1_000, maxBytes: 1_000_000, ...limits },
      idleMillis: 0,
      rotationMillis: 0,
      onGap: (gap) => gaps.push(gap),
    })
  const ranges = async (store: ObjectStore) => (await readManifests(store, location)).map(({ begin, end, count }) => [begin, end, count])
  const problems = async (store: ObjectStore) => (await verifyArchive(store, location)).problems
  const lost = (from: number, to: number) =>
    `partition 0: offsets ${from} to ${to} are in no object: the log deleted them before they were archived`

  it('while it was stopped: the archive claims nothing it does not hold, and says what it lacks', async () => {
    const store = createMemoryStore()
    const gaps: unknown[] = []
    await gapped(store, 0, gaps).write(batch(sales(0, 20)))
    expect(await gapped(store, 20, gaps).write(withGap(sales(40, 50), 20, 40))).toMatchObject({ offset: 50 })
    expect(gaps).toEqual([{ partition: 0, from: 20, to: 40 }])
    expect(await ranges(store)).toEqual([
      [0, 20, 20],
      [40, 50, 10],
    ])
    expect(await problems(store)).toEqual([lost(20, 40)])
    await expect(stored(store)).rejects.toMatchObject({ name: 'FatalError', message: expect.stringContaining('offsets 20 to 40') })
  })

  it('while it runs: what is held ends before the gap, and the same batch again changes nothing', async () => {
    const store = createMemoryStore()
    const gaps: unknown[] = []
    const slow = createPartitionArchiver(0, null, {
      ...{ store, codec, location, idleMillis, rotationMillis, clock: createManualClock(0) },
      segments: createSegmentStore({ store, codec, location }),
      limits: { maxRecords: 1_000, maxBytes: 1_000_000 },
      onGap: (gap) => gaps.push(gap),
    })
    await slow.write(batch(sales(0, 10)))
    const passed = withGap(sales(30, 35), 10, 30)
    await slow.write(passed)
    await slow.write(passed)
    slow.drain()
    await slow.idle!()
    expect(gaps).toEqual([{ partition: 0, from: 10, to: 30 }])
    expect(await ranges(store)).toEqual([
      [0, 10, 10],
      [30, 35, 5],
    ])
    expect(await problems(store)).toEqual([lost(10, 30)])
  })

  it('is no gap where the records had been archived, and only the commit was lost', async () => {
    const store = createMemoryStore()
    const gaps: unknown[] = []
    await gapped(store, 0, gaps).write(batch(sales(0, 20)))
    await gapped(store, 20, gaps).write(batch(sales(20, 45)))
    await gapped(store, 20, gaps).write(withGap(sales(40, 50), 20, 40))
    expect(gaps).toEqual([])
    expect(await problems(store)).toEqual([])
    expect((await stored(store)).map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, offset) => offset))
  })

  it.each([
    ['in the gap', 30],
    ['behind the gap', 45],
  ])('where an earlier run had decided that an object ends %s', async (_where, sealed) => {
    const store = createMemoryStore()
    const gaps: unknown[] = []
    await createSegmentStore({ store, codec, location }).seal(0, { begin: 0, end: sealed })
    const again = gapped(store, 0, gaps)
    await again.write(batch(sales(0, 20)))
    await again.write(withGap(sales(40, 50), 20, 40))
    expect(gaps).toEqual([{ partition: 0, from: 20, to: 40 }])
    expect(await problems(store)).toEqual([lost(20, 40)])
    const manifests = await readManifests(store, location)
    expect(manifests.reduce((sum, { count }) => sum + count, 0)).toBe(30)
    await expect(stored(store)).rejects.toMatchObject({ message: expect.stringContaining('offsets 20 to 40') })
  })
})

describe('law: every offset exactly once', () => {
  type Step = { type: 'deliver'; archiver: 0 | 1; size: number } | { type: 'kill'; archiver: 0 | 1 } | { type: 'idle'; archiver: 0 | 1 }

  const either = fc.constantFrom<0 | 1>(0, 1)
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('deliver' as const), archiver: either, size: fc.integer({ min: 1, max: 12 }) }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('kill' as const), archiver: either }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('idle' as const), archiver: either }) },
  )
  const fault = fc.oneof(
    { weight: 5, arbitrary: fc.constant<StoreFault>('none') },
    { weight: 1, arbitrary: fc.constantFrom<StoreFault>('fails', 'lost answer') },
  )
  /** Offsets with gaps where markers are; time that jumps, and sometimes goes back. */
  const anyLog = fc.array(fc.record({ gap: fc.constantFrom(1, 1, 1, 2, 3), minutes: fc.integer({ min: -30, max: 40 }) }), {
    minLength: 1,
    maxLength: 60,
  })

  const logOf = (shape: readonly { gap: number; minutes: number }[]): LogRecord[] => {
    let offset = -1
    let time = sampleTime
    return shape.map(({ gap, minutes }) => {
      offset += gap
      time += minutes * minute
      return offset % 7 === 3 ? sampleRecord(offset, Buffer.from(`garbage ${offset}`)) : sale(offset, time)
    })
  }

  it('whatever fails, whoever is killed, and with two archivers at the same time', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyLog,
        fc.array(step, { maxLength: 60 }),
        fc.array(fault, { maxLength: 300 }),
        fc.integer({ min: 1, max: 9 }),
        async (shape, steps, faults, maxRecords) => {
          const log = logOf(shape)
          const durable = createMemoryStore()
          const pending = [...faults]
          const store = createFaultyStore(durable, () => pending.shift() ?? 'none')
          const limits = [{ maxRecords }, { maxRecords: maxRecords + 2, maxBytes: 3_500 }]
          let committed: CommittedOffset | undefined

          const open = (which: number) => ({
            sink: archiver(store, { limits: limits[which]!, ...(committed === undefined ? {} : { committed }) }),
            at: log.findIndex(({ offset }) => offset >= (committed?.offset ?? 0)),
          })
          const members = [open(0), open(1)] as { sink: PartitionArchiver; at: number }[]
          /** As a consumer does: the commit may go back when a zombie is late, and a failed batch is given again. */
          const attempt = async (act: () => Promise<CommittedOffset | null>): Promise<boolean> => {
            try {
              const position = await act()
              if (position !== null) committed = position
              return true
            } catch (error) {
              if (error instanceof RetryableError) return false
              throw error
            }
          }

          for (const { type, archiver: which, ...rest } of steps) {
            const member = members[which]!
            if (type === 'kill') members[which] = open(which)
            else if (type === 'idle') {
              member.sink.drain()
              await attempt(async () => (await member.sink.idle?.()) ?? null)
            } else if (member.at >= 0) {
              const { size } = rest as { size: number }
              const records = log.slice(member.at, member.at + size)
              if (records.length > 0 && (await attempt(() => member.sink.write(batch(records))))) member.at += records.length
            }
          }

          // The world heals: one archiver reads on to the end, and drains.
          pending.length = 0
          const last = open(0)
          if (last.at >= 0) await attempt(() => last.sink.write(batch(log.slice(last.at))))
          last.sink.drain()
          await attempt(async () => (await last.sink.idle?.()) ?? null)

          const verdict = await verifyArchive(durable, location)
          expect(verdict.problems).toEqual([])
          expect(await stored(durable)).toEqual(log)
        },
      ),
      { numRuns: 100 },
    )
  }, 60_000)

  it('with two archivers side by side, in whatever order their calls of the store come', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, fc.scheduler(), fc.integer({ min: 1, max: 9 }), async (shape, scheduler, maxRecords) => {
        const log = logOf(shape)
        const durable = createMemoryStore()
        const scheduled: ObjectStore = {
          ...durable,
          putIfAbsent: scheduler.scheduleFunction(durable.putIfAbsent),
          get: scheduler.scheduleFunction(durable.get),
        }
        const readAll = async (limits: Partial<SegmentLimits>, size: number) => {
          const sink = archiver(scheduled, { limits })
          for (let at = 0; at < log.length; at += size) await sink.write(batch(log.slice(at, at + size)))
          sink.drain()
          await sink.idle?.()
        }
        const both = Promise.all([readAll({ maxRecords }, 5), readAll({ maxRecords: 7, maxBytes: 3_500 }, 3)])
        await scheduler.waitFor(both)
        expect((await verifyArchive(durable, location)).problems).toEqual([])
        expect(await stored(durable)).toEqual(log)
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})
