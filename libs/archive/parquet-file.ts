import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, type ColumnSource, parquetWrite } from 'hyparquet-writer'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { FatalError } from '#lib/stream/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveRow, bytesOf } from './archive-row.ts'

/** One Parquet file of archived rows, in the order given. Zstandard, as DuckDB, pandas and Spark read it without further ado. */
export function encodeParquet(rows: readonly ArchiveRow[]): Buffer {
  const expectedBytes = rows.reduce((sum, row) => sum + bytesOf(row), 0)
  const writer = new ByteWriter(Math.max(4_096, expectedBytes))
  parquetWrite({
    writer,
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    rowGroupSize: rows.length,
    createdBy: 'flipstream',
    columnData: [...recordColumns(rows), ...eventColumns(rows)],
  })
  return Buffer.from(writer.buffer, 0, writer.offset)
}

function recordColumns(rows: readonly ArchiveRow[]): ColumnSource[] {
  const each = <Value>(pick: (record: LogRecord) => Value) => rows.map(({ record }) => pick(record))
  return [
    { name: 'partition', type: 'INT32', nullable: false, data: each(({ partition }) => partition) },
    { name: 'offset', type: 'INT64', nullable: false, encoding: 'DELTA_BINARY_PACKED', data: each(({ offset }) => BigInt(offset)) },
    { name: 'timestamp', type: 'TIMESTAMP', nullable: false, data: each(({ timestamp }) => BigInt(timestamp)) },
    { name: 'key', type: 'STRING', data: each(({ key }) => key) },
    { name: 'headers', type: 'STRING', nullable: false, data: each(({ headers }) => canonicalJson(headers)) },
    // Neither a dictionary nor bounds help with bytes that are all different.
    { name: 'value', type: 'BYTE_ARRAY', encoding: 'PLAIN', statistics: false, data: each(({ value }) => value) },
    { name: 'schemaId', type: 'INT32', data: rows.map(({ schemaId }) => schemaId) },
  ]
}

function eventColumns(rows: readonly ArchiveRow[]): ColumnSource[] {
  const time = (millis: number | null) => (millis === null ? null : BigInt(millis))
  const text = (name: 'eventId' | 'origin' | 'source' | 'kind' | 'listingId' | 'saleId' | 'tokenId' | 'class' | 'seller' | 'priceWei') =>
    ({ name, type: 'STRING', data: rows.map(({ columns }) => columns[name]) }) as const
  return [
    text('eventId'),
    { name: 'eventTime', type: 'TIMESTAMP', data: rows.map(({ columns }) => time(columns.eventTime)) },
    { name: 'observedAt', type: 'TIMESTAMP', data: rows.map(({ columns }) => time(columns.observedAt)) },
    text('origin'),
    text('source'),
    text('kind'),
    text('listingId'),
    text('saleId'),
    text('tokenId'),
    text('class'),
    { name: 'breedCount', type: 'INT32', data: rows.map(({ columns }) => columns.breedCount) },
    text('seller'),
    text('priceWei'),
    { name: 'priceUsd', type: 'DOUBLE', data: rows.map(({ columns }) => columns.priceUsd) },
  ]
}

/** The records of a file that `encodeParquet` wrote, verbatim. FatalError where it is no such file. */
export async function decodeParquet(bytes: Buffer, topic: string): Promise<LogRecord[]> {
  try {
    const rows = await parquetReadObjects({
      file: arrayBufferOf(bytes),
      columns: ['partition', 'offset', 'timestamp', 'key', 'headers', 'value'],
      compressors: { ZSTD: (compressed) => zstdDecompressSync(compressed) },
      utf8: false,
    })
    return rows.map(({ partition, offset, timestamp, key, headers, value }) => ({
      topic,
      partition: Number(partition),
      offset: Number(offset),
      timestamp: (timestamp as Date).getTime(),
      key: key ?? null,
      headers: JSON.parse(headers as string),
      value: value === null || value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    }))
  } catch (error) {
    throw new FatalError(`not a Parquet file of the archive: ${(error as Error).message}`, { cause: error })
  }
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  return (whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) as ArrayBuffer
}
