import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { createPartitionArchiver } from './partition-archiver.ts'
import { createSegmentStore } from './segment-store.ts'
import { createSampleCodec, sampleListingEvent, sampleRecord, sampleSaleEvent, sampleTime } from './testing/archive-samples.ts'

/** DuckDB reads an archive as it lies there, and tells us the same as our own reader: the example of docs/how-to/archive.md, as it stands there. */

const directory = mkdtempSync(join(tmpdir(), 'flipstream-duckdb-'))
const records: LogRecord[] = []

beforeAll(async () => {
  const codec = await createSampleCodec()
  const store = createFileStore({ directory })
  for (let number = 0; number < 3_000; number++) {
    const event =
      number % 3 === 0 ? sampleSaleEvent(number, sampleTime + number * 4_000) : sampleListingEvent(number, sampleTime + number * 4_000)
    records.push(sampleRecord(number, number === 77 ? Buffer.from('garbage') : codec.encode('MarketEvent', event)))
  }
  const location = { prefix: '', topic: 'market.events', generation: 1 }
  const archiver = createPartitionArchiver(0, null, {
    store,
    segments: createSegmentStore({ store, codec, location }),
    codec,
    clock: systemClock,
    location,
    limits: { maxRecords: 500, maxBytes: 1_000_000 },
    idleMillis: 60_000,
    rotationMillis: 60_000,
  })
  await archiver.write({ topic: 'market.events', partition: 0, records, nextOffset: records.length, remaining: 0, isCurrent: () => true })
  archiver.drain()
  await archiver.idle?.()
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function query(sql: string) {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const files = `${directory}/archive/market.events/g=1/*/*/*/*.parquet`

describe('DuckDB', () => {
  it('runs the example of the documents', async () => {
    const page = readFileSync(new URL('../../docs/how-to/archive.md', import.meta.url), 'utf8')
    const example = /```sql\n([\s\S]*?)```/.exec(page)?.[1]
    expect(example).toContain('ARCHIVE/market.events')
    const rows = await query(example!.replaceAll('ARCHIVE', `${directory}/archive`))
    expect(rows).toEqual([
      { class: 'Aquatic', hour: new Date('2022-04-16T12:00:00Z'), sales: 300n, median_usd: 80.5 },
      { class: 'Aquatic', hour: new Date('2022-04-16T13:00:00Z'), sales: 300n, median_usd: 80.5 },
      { class: 'Aquatic', hour: new Date('2022-04-16T14:00:00Z'), sales: 300n, median_usd: 80.5 },
      { class: 'Aquatic', hour: new Date('2022-04-16T15:00:00Z'), sales: 100n, median_usd: 80.5 },
    ])
  })

  it('reads every value byte for byte, and the columns beside it', async () => {
    const rows = await query(
      `SELECT "offset", key, sha256(value) AS sha, octet_length(value) AS size, kind, epoch_ms("timestamp") AS at FROM read_parquet('${files}') ORDER BY "offset"`,
    )
    expect(rows).toHaveLength(records.length)
    for (const [index, { offset, key, sha, size, kind, at }] of rows.entries()) {
      const { value, timestamp } = records[index]!
      expect({ offset, key, sha, size, at }).toEqual({
        offset: BigInt(index),
        key: 'axie',
        sha: createHash('sha256').update(value!).digest('hex'),
        size: BigInt(value!.length),
        at: BigInt(timestamp),
      })
      expect(kind).toBe(index === 77 ? null : index % 3 === 0 ? 'Sale' : 'Listing')
    }
  })

  it('passes over objects by the bounds of their offsets and times, and knows date and hour from their paths', async () => {
    const [{ count }] = (await query(
      `SELECT count(*) AS count FROM read_parquet('${files}', hive_partitioning = true) WHERE dt = '2022-04-16' AND hour = 13`,
    )) as [{ count: bigint }]
    expect(count).toBe(900n)
  })
})
