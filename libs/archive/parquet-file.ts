import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { ByteWriter, type ColumnSource, parquetWrite } from 'hyparquet-writer'
import { FatalError } from '#lib/stream/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { type ArchiveRow, headersText } from './archive-row.ts'
import type { Column, ColumnValue } from './topic-columns.ts'

/** The fastest level: the next one costs twice the time and saves a twentieth of the size. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * One Parquet file of archived rows, in the order given. Zstandard, as DuckDB, pandas and Spark read it without further ado.
 * Encodings are chosen here, not by the library: it would try a dictionary, and find bounds, for columns where neither can help,
 * and that took longer than all the rest.
 */
export function encodeParquet(rows: readonly ArchiveRow[], columns: readonly Column[]): Buffer {
  const valueBytes = rows.reduce((sum, { record }) => sum + (record.value?.length ?? 0), 0)
  // Compressed, with the columns, they usually take less than half. It grows where that is wrong.
  const writer = new ByteWriter(Math.max(4_096, Math.ceil(valueBytes / 2)))
  parquetWrite({
    writer,
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes, compression) },
    rowGroupSize: rows.length,
    createdBy: 'flipstream',
    columnData: [...recordColumns(rows), ...columns.map((column, index) => valueColumn(rows, column, index))],
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
    { name: 'headers', type: 'STRING', nullable: false, ...distinct, data: each(({ headers }) => utf8(headersText(headers))) },
    { name: 'value', type: 'BYTE_ARRAY', ...distinct, data: each(({ value }) => value) },
    { name: 'schemaId', type: 'INT32', ...rising, data: rows.map(({ schemaId }) => schemaId) },
  ]
}

/** Short ones are parts of Node's pool. The library would make an ArrayBuffer for every text. */
const utf8 = (text: string): Buffer => Buffer.from(text)

const encodings = { distinct, repeated, rising }

function valueColumn(rows: readonly ArchiveRow[], { name, type, nature }: Column, index: number): ColumnSource {
  // Parquet knows no dictionary of these, and no deltas of anything but whole numbers.
  const encoding = type === 'BOOLEAN' ? distinct : encodings[nature]
  const whole = type === 'INT64' || type === 'TIMESTAMP'
  const text = type === 'STRING' && encoding === distinct
  const value = ({ columns }: ArchiveRow): ColumnValue | bigint | Buffer => {
    const found = columns === null ? null : (columns[index] ?? null)
    if (found === null) return null
    if (whole) return BigInt(found)
    return text ? utf8(found as string) : found
  }
  return { name, type, ...encoding, data: rows.map(value) }
}

/** The records of a file that `encodeParquet` wrote, verbatim. FatalError where it is no such file. */
export async function decodeParquet(bytes: Buffer, topic: string, key: string): Promise<LogRecord[]> {
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
    throw new FatalError(`${key} is not a Parquet file of the archive: ${(error as Error).message}`, { cause: error })
  }
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  return (whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) as ArrayBuffer
}
