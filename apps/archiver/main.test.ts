import { describe, expect, it, vi } from 'vitest'
import { createEmbeddedContext } from '#lib/app/testing/embedded-context.ts'
import { readArchive } from '#lib/archive/read.ts'
import { sampleListingEvent, sampleTime } from '#lib/archive/testing/archive-samples.ts'
import { createFaultyStore } from '#lib/archive/testing/faulty-store.ts'
import { verifyArchive } from '#lib/archive/verify.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { MemoryLog } from '#lib/stream/memory/memory-log.ts'
import { app } from './main.ts'

const location = { prefix: 'run.', topic: 'market.events', generation: 1 }
const env = { ARCHIVE_MAX_RECORDS: '10', ARCHIVE_IDLE_SECONDS: '3600' }

const send = async (log: MemoryLog, codec: Codec, from: number, count: number) => {
  await codec.prepare(['MarketEvent'])
  const records = Array.from({ length: count }, (_, index) => ({
    topic: 'run.market.events',
    key: 'axie',
    value: codec.encode('MarketEvent', sampleListingEvent(from + index, sampleTime + (from + index) * 1_000)),
  }))
  await log.producer().send(records)
}

const archivedOffsets = async (store: ObjectStore) => {
  const offsets: number[] = []
  for await (const { offset } of readArchive(store, location)) offsets.push(offset)
  return offsets
}

const upTo = (count: number) => Array.from({ length: count }, (_, offset) => offset)
const committed = (log: MemoryLog) => log.admin().committed('run.archiver', { topic: 'run.market.events', partition: 0 })

describe('archiver', () => {
  it('archives what is full at once, the rest when it is stopped, and commits both', async () => {
    const context = await createEmbeddedContext(app.settings, { env })
    const running = await app.start(context)
    await send(context.log, context.codec, 0, 25)
    await vi.waitFor(async () => expect(await archivedOffsets(context.store)).toEqual(upTo(20)))
    await running.stop()
    await running.finished
    expect(await archivedOffsets(context.store)).toEqual(upTo(25))
    expect(await committed(context.log)).toMatchObject({ offset: 25 })
    expect((await context.metrics.snapshot()).values['archived_records_total']).toBe(25)
  })

  it('archives a quiet topic after the idle time', async () => {
    const context = await createEmbeddedContext(app.settings, { env: { ...env, ARCHIVE_IDLE_SECONDS: '0.1' } })
    const running = await app.start(context)
    await send(context.log, context.codec, 0, 3)
    await vi.waitFor(async () => expect(await committed(context.log)).toMatchObject({ offset: 3 }), { timeout: 5_000 })
    expect(await archivedOffsets(context.store)).toEqual(upTo(3))
    await running.stop()
  })

  it('goes on where an earlier one stopped', async () => {
    const first = await createEmbeddedContext(app.settings, { env })
    const before = await app.start(first)
    await send(first.log, first.codec, 0, 15)
    await vi.waitFor(async () => expect(await archivedOffsets(first.store)).toEqual(upTo(10)))
    await before.stop()
    const second = await createEmbeddedContext(app.settings, { env, shared: first })
    const after = await app.start(second)
    await send(first.log, first.codec, 15, 10)
    await vi.waitFor(async () => expect(await archivedOffsets(first.store)).toEqual(upTo(25)))
    await after.stop()
    expect(await verifyArchive(first.store, location)).toMatchObject({ records: 25, problems: [] })
  })

  it('waits while the store is away, says so, loses nothing', async () => {
    let away = false
    const durable = createMemoryStore()
    const store = createFaultyStore(durable, () => (away ? 'fails' : 'none'))
    const context = await createEmbeddedContext(app.settings, { env, store })
    const running = await app.start(context)
    await send(context.log, context.codec, 0, 10)
    await vi.waitFor(async () => expect(await archivedOffsets(durable)).toEqual(upTo(10)))
    away = true
    await send(context.log, context.codec, 10, 10)
    await vi.waitFor(async () => expect((await context.metrics.snapshot()).values['backoffs_total']).toBeGreaterThan(0))
    expect(await archivedOffsets(durable)).toEqual(upTo(10))
    away = false
    await vi.waitFor(async () => expect(await archivedOffsets(durable)).toEqual(upTo(20)))
    await running.stop()
  })

  it('can be stopped while it waits for a store that is away from the start', async () => {
    const store: ObjectStore = createFaultyStore(createMemoryStore(), () => 'fails')
    const context = await createEmbeddedContext(app.settings, {
      env,
      store: { ...store, probe: async () => void (await store.get('probe')) },
    })
    const running = await app.start(context)
    expect(context.health.report().ready).toBe(false)
    await running.stop()
    await running.finished
  })

  it('stops at a store that would overwrite', async () => {
    const store = createMemoryStore()
    const overwriting: ObjectStore = {
      ...store,
      async putIfAbsent(key, bytes) {
        await store.remove(key)
        return store.putIfAbsent(key, bytes)
      },
    }
    const { proveCreateOnly } = await import('#lib/objectstore/object-store.ts')
    const context = await createEmbeddedContext(app.settings, {
      env,
      store: { ...overwriting, probe: () => proveCreateOnly(overwriting, 'this store') },
    })
    const running = await app.start(context)
    await expect(running.finished).rejects.toMatchObject({ name: 'FatalError', message: expect.stringContaining('create-only') })
    await running.stop()
  })
})
