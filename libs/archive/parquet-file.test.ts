import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveRow, archiveRow } from './archive-row.ts'
import { logicalHash } from './logical-hash.ts'
import { createPackedRows } from './packed-rows.ts'
import { decodeParquet, encodeParquet } from './parquet-file.ts'
import { createSampleCodec, sampleListingEvent, sampleRecord, sampleSaleEvent, sampleTime } from './testing/archive-samples.ts'
import { columnsOfTopic } from './topic-columns.ts'

const marketEvents = columnsOfTopic('market.events')

const rowsOf = async (records: readonly LogRecord[]): Promise<ArchiveRow[]> => {
  const codec = await createSampleCodec()
  return Promise.all(records.map((record) => archiveRow(record, marketEvents, codec)))
}

function encode(rows: readonly ArchiveRow[]): Buffer {
  const packed = createPackedRows(marketEvents.columns)
  for (const row of rows) packed.append(row)
  return encodeParquet(packed)
}

const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array))
const anyText = fc.string({ unit: 'binary', maxLength: 12 })

const anyRecords = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 5 }),
      timestamp: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      key: fc.option(anyText),
      headers: fc.dictionary(anyText, anyText, { maxKeys: 3 }).map((headers) => ({ ...headers })),
      value: fc.option(bytes),
      raw: fc.option(
        fc.record(
          { key: bytes, headers: fc.array(fc.tuple(anyText, fc.option(bytes)), { minLength: 1, maxLength: 3 }) },
          { requiredKeys: ['key'] },
        ),
        { freq: 4 },
      ),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((parts) => {
    let offset = -1
    return parts.map(({ step, raw, ...record }): LogRecord => {
      offset += step
      return { topic: 'market.events', partition: 3, offset, ...record, ...(raw !== null && { raw }) }
    })
  })

describe('Parquet file', () => {
  it('gives every record back verbatim, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords, async (records) => {
        const decoded = await decodeParquet(encode(await rowsOf(records)), 'market.events', 'a.parquet')
        expect(decoded).toEqual(records)
        expect(logicalHash(decoded)).toBe(logicalHash(records))
      }),
    )
  }, 30_000)

  it('has raw bytes in a column of their own, and no such column where there are none; text and its hash are as they were', async () => {
    const [plain, other] = [sampleRecord(1, Buffer.from('a')), sampleRecord(2, Buffer.from('b'))]
    const withRaw: LogRecord = { ...other, raw: { key: Buffer.from([0xff]), headers: [['a', null]] } }
    const columnsOf = (file: Buffer) => parquetMetadata(new Uint8Array(file).buffer).schema.map(({ name }) => name)
    expect(columnsOf(encode(await rowsOf([plain, other])))).not.toContain('raw')
    const file = encode(await rowsOf([plain, withRaw]))
    expect(columnsOf(file)).toContain('raw')
    expect(await decodeParquet(file, plain.topic, 'a.parquet')).toEqual([plain, withRaw])
    expect(logicalHash([plain, withRaw])).toBe(logicalHash([plain, other]))
  })

  it('of a few kilobytes that expands beyond all measure is refused before it does', async () => {
    const file = encode(await rowsOf([sampleRecord(1, Buffer.alloc(300 * 1024 * 1024))]))
    expect(file.length).toBeLessThan(100_000)
    const before = process.memoryUsage().rss
    await expect(decodeParquet(file, 'market.events', 'bomb.parquet')).rejects.toThrow(/bomb\.parquet .*expands to more than \d+ bytes/)
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024)
    const many = encode(await rowsOf([1, 2, 3].map((offset) => sampleRecord(offset, null))))
    await expect(decodeParquet(many, 'market.events', 'many.parquet', { maxBytes: 1_000, maxRows: 2 })).rejects.toThrow(/3 rows, at most 2/)
  }, 30_000)

  it('is the same bytes for the same records', async () => {
    const records = [sampleRecord(1, Buffer.from('a')), sampleRecord(2, null)]
    expect(encode(await rowsOf(records)).equals(encode(await rowsOf(records)))).toBe(true)
  })

  it('has columns to query by, and nulls where a value cannot be decoded', async () => {
    const codec = await createSampleCodec()
    const records = [
      sampleRecord(7, codec.encode('MarketEvent', sampleSaleEvent(7, sampleTime))),
      sampleRecord(8, codec.encode('MarketEvent', sampleListingEvent(8, sampleTime + 1_000))),
      sampleRecord(9, Buffer.from('garbage')),
      sampleRecord(10, Buffer.from([0, 0, 0, 0, 99, 1, 2, 3])),
      sampleRecord(11, null),
    ]
    const file = encode(await Promise.all(records.map((record) => archiveRow(record, marketEvents, codec))))
    const rows = await parquetReadObjects({
      file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
      compressors: { ZSTD: (input) => zstdDecompressSync(input) },
      columns: ['offset', 'kind', 'eventId', 'observedAt', 'tokenId', 'class', 'priceUsd', 'priceEth', 'schemaId'],
    })
    const nothing = {
      kind: null,
      eventId: null,
      observedAt: null,
      tokenId: null,
      class: null,
      priceUsd: null,
      priceEth: null,
    }
    const axie = { tokenId: '5016355', class: 'Aquatic', schemaId: 1 }
    expect(rows.map((row) => ({ ...row, offset: Number(row.offset) }))).toEqual([
      {
        offset: 7,
        kind: 'Sale',
        eventId: 'sale:7',
        observedAt: new Date(sampleTime),
        priceUsd: 80.5,
        priceEth: expect.closeTo(0.0266667, 6),
        ...axie,
      },
      {
        offset: 8,
        kind: 'Listing',
        eventId: 'listing:8',
        observedAt: new Date(sampleTime + 1_000),
        priceUsd: 80,
        priceEth: expect.closeTo(0.0266667, 6),
        ...axie,
      },
      { offset: 9, ...nothing, schemaId: null },
      { offset: 10, ...nothing, schemaId: 99 },
      { offset: 11, ...nothing, schemaId: null },
    ])
  })

  it('says so when it is given something else', async () => {
    await expect(decodeParquet(Buffer.from('not a parquet file at all'), 't', 'a.parquet')).rejects.toMatchObject({ name: 'FatalError' })
  })

  it('holds thousands of rows', async () => {
    const records = Array.from({ length: 20_000 }, (_, offset) => sampleRecord(offset, Buffer.alloc(300, offset)))
    const decoded = await decodeParquet(encode(await rowsOf(records)), 'run.market.events', 'a.parquet')
    expect(logicalHash(decoded)).toBe(logicalHash(records))
  })
})

describe('logical hash', () => {
  const record = sampleRecord(5, Buffer.from('value'), { headers: { a: '1', b: '2' } })
  it.each([
    ['offset', { offset: 6 }],
    ['timestamp', { timestamp: 1 }],
    ['key', { key: 'other' }],
    ['missing key', { key: null }],
    ['header', { headers: { a: '1', b: '3' } }],
    ['value', { value: Buffer.from('valuE') }],
    ['missing value', { value: null }],
    ['shifted boundary between key and value', { key: 'axiev', value: Buffer.from('alue') }],
  ])('differs with another %s', (_name, change) => {
    expect(logicalHash([{ ...record, ...change }])).not.toBe(logicalHash([record]))
  })

  it('tells an empty value from a missing one', () => {
    expect(logicalHash([{ ...record, value: Buffer.alloc(0) }])).not.toBe(logicalHash([{ ...record, value: null }]))
  })

  it('does not depend on the order of headers', () => {
    expect(logicalHash([{ ...record, headers: { b: '2', a: '1' } }])).toBe(logicalHash([record]))
  })
})
