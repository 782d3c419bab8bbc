import { createPartitionArchiver } from '#lib/archive/partition-archiver.ts'
import { createSegmentStore } from '#lib/archive/segment-store.ts'
import { createManualClock } from '#lib/clock/clock.ts'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

/** Records of market.events for tests, as a log would give them. */

/** 2022-04-16T12:00:00Z */
export const sampleTime = 1_650_110_400_000

export async function createSampleCodec(): Promise<Codec> {
  const codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['MarketEvent'])
  return codec
}

const item: Item = {
  tokenId: '5016355',
  class: 'Aquatic',
  breedCount: 1,
  genes: null,
  parts: ['eyes-telescope', 'ears-nimo', 'mouth-risky-fish', 'horn-oranda', 'back-anemone', 'tail-koi'],
  image: null,
}

export const sampleSaleEvent = (number: number, observedAt: number): MarketEvent => ({
  eventId: `sale:${number}`,
  eventTime: observedAt - 5_000,
  observedAt,
  origin: 'live',
  source: 'recorded',
  payload: {
    'flipstream.Sale': {
      saleId: `axie:5016355:${number}`,
      item,
      soldAt: observedAt - 5_000,
      priceWei: '26666666666666666',
      priceUsd: '80.5',
      seller: null,
      buyer: null,
      txHash: null,
    },
  },
})

export const sampleListingEvent = (number: number, observedAt: number): MarketEvent => ({
  eventId: `listing:${number}`,
  eventTime: observedAt - 1_000,
  observedAt,
  origin: 'live',
  source: 'recorded',
  payload: {
    'flipstream.Listing': {
      listingId: `axie:5016355:${number}`,
      item,
      seller: '0xabc',
      ask: {
        kind: 'fixed',
        paymentToken: 'eth',
        basePriceWei: '26666666666666666',
        endedPriceWei: '0',
        currentPriceWei: '26666666666666666',
        currentPriceUsd: '80',
        startedAt: observedAt - 1_000,
        durationSeconds: 0,
      },
    },
  },
})

export const sampleRecord = (offset: number, value: Buffer | null, change: Partial<LogRecord> = {}): LogRecord => ({
  topic: 'run.market.events',
  partition: 0,
  offset,
  timestamp: sampleTime + 1_000_000 + offset,
  key: 'axie',
  value,
  headers: offset % 3 === 0 ? { 'collected-at': String(sampleTime + offset) } : {},
  ...change,
})

/**
 * What the archiver would leave of these: events, or values of records as they are (null: none). In objects of a given number of records, each with
 * its own place in the log.
 */
export async function archiveEvents(
  store: ObjectStore,
  events: readonly (MarketEvent | Buffer | null)[],
  maxRecords = 1_000,
): Promise<void> {
  const codec = await createSampleCodec()
  const location = { prefix: '', topic: 'market.events', generation: 1 }
  const archiver = createPartitionArchiver(0, null, {
    store,
    codec,
    location,
    segments: createSegmentStore({ store, codec, location }),
    clock: createManualClock(0),
    limits: { maxRecords, maxBytes: 1e9 },
    idleMillis: 0,
    rotationMillis: 1,
  })
  const bytesOf = (event: MarketEvent | Buffer | null) =>
    event === null || Buffer.isBuffer(event) ? event : codec.encode('MarketEvent', event)
  const records = events.map((event, offset) => sampleRecord(offset, bytesOf(event)))
  const nextOffset = records.length
  await archiver.write({ topic: 'market.events', partition: 0, records, nextOffset, remaining: 0, isCurrent: () => true })
  archiver.drain()
  await archiver.idle?.()
}
