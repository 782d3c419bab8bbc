import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, type ColumnSource, parquetWrite } from 'hyparquet-writer'
import { FatalError } from '#lib/stream/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveRow, bytesOf, type EventColumns, headersText } from './archive-row.ts'

/** The fastest level: the next one costs twice the time and saves a twentieth of the size. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * One Parquet file of archived rows, in the order given. Zstandard, as DuckDB, pandas and Spark read it without further ado.
 * Encodings are chosen here, not by the library: it would try a dictionary, and find bounds, for columns where neither can help,
 * and that took longer than all the rest.
 */
export function encodeParquet(rows: readonly ArchiveRow[]): Buffer {
  const expectedBytes = rows.reduce((sum, row) => sum + bytesOf(row), 0)
  const writer = new ByteWriter(Math.max(4_096, expectedBytes))
  parquetWrite({
    writer,
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, compression) },
    rowGroupSize: rows.length,
    createdBy: 'flipstream',
    columnData: [...recordColumns(rows), ...eventColumns(rows)],
  })
  return Buffer.from(writer.buffer, 0, writer.offset)
}

/** Nearly every value is another one. */
const distinct = { encoding: 'PLAIN', statistics: false } as const
/** A handful of values, over and over. */
const repeated = { encoding: 'RLE_DICTIONARY', statistics: false } as const
/** Close to the one before. With bounds: these are what readers select by. */
const rising = { encoding: 'DELTA_BINARY_PACKED' } as const

function recordColumns(rows: readonly ArchiveRow[]): ColumnSource[] {
  const each = <Value>(pick: (record: LogRecord) => Value) => rows.map(({ record }) => pick(record))
  return [
    { name: 'partition', type: 'INT32', nullable: false, ...rising, data: each(({ partition }) => partition) },
    { name: 'offset', type: 'INT64', nullable: false, ...rising, data: each(({ offset }) => BigInt(offset)) },
    { name: 'timestamp', type: 'TIMESTAMP', nullable: false, ...rising, data: each(({ timestamp }) => BigInt(timestamp)) },
    { name: 'key', type: 'STRING', ...repeated, data: each(({ key }) => key) },
    { name: 'headers', type: 'STRING', nullable: false, ...distinct, data: each(({ headers }) => headersText(headers)) },
    { name: 'value', type: 'BYTE_ARRAY', ...distinct, data: each(({ value }) => value) },
    { name: 'schemaId', type: 'INT32', ...rising, data: rows.map(({ schemaId }) => schemaId) },
  ]
}

function eventColumns(rows: readonly ArchiveRow[]): ColumnSource[] {
  const each = <Value>(pick: (columns: EventColumns) => Value) => rows.map(({ columns }) => pick(columns))
  const time = (millis: number | null) => (millis === null ? null : BigInt(millis))
  return [
    { name: 'eventId', type: 'STRING', ...distinct, data: each(({ eventId }) => eventId) },
    { name: 'eventTime', type: 'TIMESTAMP', ...rising, data: each(({ eventTime }) => time(eventTime)) },
    { name: 'observedAt', type: 'TIMESTAMP', ...rising, data: each(({ observedAt }) => time(observedAt)) },
    { name: 'origin', type: 'STRING', ...repeated, data: each(({ origin }) => origin) },
    { name: 'source', type: 'STRING', ...repeated, data: each(({ source }) => source) },
    { name: 'kind', type: 'STRING', ...repeated, data: each(({ kind }) => kind) },
    { name: 'tokenId', type: 'STRING', ...distinct, data: each(({ tokenId }) => tokenId) },
    { name: 'class', type: 'STRING', ...repeated, data: each((columns) => columns.class) },
    { name: 'breedCount', type: 'INT32', ...rising, data: each(({ breedCount }) => breedCount) },
    { name: 'priceEth', type: 'DOUBLE', ...distinct, data: each(({ priceEth }) => priceEth) },
    { name: 'priceUsd', type: 'DOUBLE', ...distinct, data: each(({ priceUsd }) => priceUsd) },
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
