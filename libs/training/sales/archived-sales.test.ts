import { describe, expect, test } from 'vitest'
import { createArchive } from '#lib/archive/archive.ts'
import { archiveEvents, sampleListingEvent } from '#lib/archive/testing/archive-samples.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { exchangeRateEvent, payloadOf } from '#lib/market/event.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import { noCleansing } from '#lib/validation/cleansing.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { readArchivedSales, readSpan } from './archived-sales.ts'
import { type Span, wholeArchive } from './raw-sales.ts'
import { readTrainingSales } from './training-sales.ts'

const sales = someSales(600, 1)
const idsOf = (events: readonly MarketEvent[]) => events.map(({ eventId }) => eventId)
const saleIn = (event: MarketEvent) => payloadOf(event).value as Sale

async function read(events: readonly (MarketEvent | Buffer | null)[], span: Partial<Span> = {}, store = createMemoryStore()) {
  await archiveEvents(store, events, 100)
  const archive = createArchive({ name: 'market', store, prefix: '' })
  return readTrainingSales({ data: { kind: 'archive', archive, span: { ...wholeArchive, ...span } }, cleansing: noCleansing })
}

describe('the sales of an archive', () => {
  test('are those of its log, in its order, with what features know beside them; asks are passed over', async () => {
    const rate = exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: firstSaleAt, origin: 'live', source: 'synthetic' })
    const log = [rate, ...sales.slice(0, 300), sampleListingEvent(1, firstSaleAt + hourMillis), ...sales.slice(300)]
    const { events, source, leftOut } = await read(log)
    expect(idsOf(events)).toEqual(idsOf([rate, ...sales]))
    expect([source, leftOut]).toEqual(['synthetic', {}])
  })

  test('count once where a record was redriven, and not at all where nobody can decode it or the fold refuses it', async () => {
    const redriven = sales[10] as MarketEvent
    const future = { ...(sales[20] as MarketEvent), observedAt: firstSaleAt - hourMillis }
    const { events, leftOut } = await read([...sales.with(20, future), Buffer.from('no Avro'), null, redriven])
    expect(idsOf(events)).toEqual(idsOf(sales.toSpliced(20, 1)))
    expect(leftOut).toEqual({ undecodable: 2, 'met before': 1, broken: 1 })
  })

  test('are history and no example where they came to light long after they happened', async () => {
    const late = { ...(sales[300] as MarketEvent), observedAt: saleIn(sales[300] as MarketEvent).soldAt + 2 * hourMillis }
    const { events, historyOnly, leftOut } = await read([...sales.toSpliced(300, 1), late])
    expect(events.length).toBe(600)
    expect([...historyOnly]).toEqual([late.eventId])
    expect(leftOut).toEqual({ 'known late': 1 })
  })

  test('are named by the list of objects they were read from: what is archived later is another data set, unless it is not asked for', async () => {
    const store = createMemoryStore()
    const until = sales[400]?.observedAt as number
    const before = await read(sales.slice(0, 500), { until }, store)
    expect(before.events.length).toBe(399)
    expect(JSON.parse(before.dataset.document ?? '')).toMatchObject({
      span: { from: null, until },
      objects: [0, 60, 120, 180, 240, 300, 360].map((begin) => ({ partition: 0, begin, end: begin + 60 })),
    })
    const later = await read(sales, { until }, store)
    expect(later.dataset).toEqual(before.dataset)
    expect((await read(sales, {}, store)).dataset.id).not.toBe(before.dataset.id)
    expect((await read(sales, { from: firstSaleAt + hourMillis, until }, store)).dataset.id).not.toBe(before.dataset.id)
  })

  test('of the last days are those before the end of what is archived, or before the moment that is named', async () => {
    const days = 2 / 24
    const newest = sales.at(-1)?.observedAt as number
    expect((await read(sales, { days: 6 / 24 })).events[0]?.observedAt).toBe(newest - 6 * hourMillis)
    const until = sales[500]?.observedAt as number
    await expect(read(sales, { days, until })).rejects.toThrow('enough_rows: expected at least 300 rows; found 120 rows')
  })

  test('before anything was archived are none: nothing to train on, and nothing amiss', async () => {
    const store = createMemoryStore()
    await archiveEvents(store, sales, 100)
    const archive = createArchive({ name: 'market', store, prefix: '' })
    const span = { ...wholeArchive, until: firstSaleAt - hourMillis }
    expect(await readSpan(archive, span)).toMatchObject({ source: null, entries: [] })
    await expect(readArchivedSales(archive, span)).rejects.toThrow('expected events of a market')
  })

  test('are refused like those of a file, with what does not hold', async () => {
    await expect(read(sales.slice(0, 200))).rejects.toThrow('must not learn from market:\n  enough_rows: expected at least 300 rows')
    await expect(read(sales, { from: firstSaleAt - 2 * hourMillis, until: firstSaleAt - hourMillis })).rejects.toThrow(
      'archive market: expected events of a market from 2022-04-10T22:00:00.000Z until 2022-04-10T23:00:00.000Z, found none',
    )
  })
})
