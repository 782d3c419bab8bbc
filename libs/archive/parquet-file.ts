import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer'
import { FatalError } from '#lib/errors/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { parseRaw } from '#lib/stream/raw-headers.ts'
import type { PackedColumn, PackedRows } from './packed-rows.ts'

/** The fastest level: the next one costs twice the time and saves a twentieth of the size. */
const compression = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/**
 * One Parquet file of archived rows, in the order given. Zstandard, as DuckDB, pandas and Spark read it without further ado.
 * Encodings are chosen here, not by the library: it would try a dictionary, and find bounds, for columns where neither can help,
 * and that took longer than all the rest.
 */
export function encodeParquet(rows: PackedRows): Buffer {
  const columns = [...recordColumns(rows), ...rows.columns.map(topicColumn)]
  // Compressed, with the columns, values usually take less than half. It grows where that is wrong.
  const bytes = new ByteWriter(Math.max(4_096, Math.ceil(rows.record.value.bytes() / 2)))
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData: columns.map((column) => ({ ...column, data: [] })) }),
    codec: 'ZSTD',
    compressors: { ZSTD: (page) => zstdCompressSync(page, compression) },
    createdBy: 'flipstream',
  })
  writer.write({ rowGroupSize: rows.length, columnData: columns.map(inTurn) })
  writer.finish()
  return Buffer.from(bytes.buffer, 0, bytes.offset)
}

/** A column to be. `values` is called when its turn comes: the values of all columns as objects at once would be most of our memory. */
type FileColumn = Omit<ColumnSource, 'data'> & Readonly<{ values(): ColumnSource['data'] }>

const inTurn = ({ values, ...column }: FileColumn): ColumnSource => ({
  ...column,
  get data() {
    return values()
  },
})

/** Nearly every value is another one. */
const distinct = { encoding: 'PLAIN', statistics: false } as const
/** A handful of values, over and over. */
const repeated = { encoding: 'RLE_DICTIONARY', statistics: false } as const
/** Close to the one before. With bounds: these are what readers select by. */
const rising = { encoding: 'DELTA_BINARY_PACKED' } as const

function recordColumns({ record, hasRaw }: PackedRows): FileColumn[] {
  const { partition, offset, timestamp, key, headers, value, schemaId, raw } = record
  return [
    { name: 'partition', type: 'INT32', nullable: false, ...rising, values: partition.values },
    { name: 'offset', type: 'INT64', nullable: false, ...rising, values: () => whole(offset.values()) },
    { name: 'timestamp', type: 'TIMESTAMP', nullable: false, ...rising, values: () => whole(timestamp.values()) },
    { name: 'key', type: 'STRING', ...repeated, values: key.values },
    { name: 'headers', type: 'STRING', nullable: false, ...distinct, values: headers.values },
    { name: 'value', type: 'BYTE_ARRAY', ...distinct, values: value.values },
    { name: 'schemaId', type: 'INT32', ...rising, values: schemaId.values },
    // Where nothing is raw the file is the one that it was before there was such a column.
    ...(hasRaw() ? [{ name: rawColumn, type: 'STRING', ...distinct, values: raw.values } as const] : []),
  ]
}

const encodings = { distinct, repeated, rising }

function topicColumn({ column: { name, type, nature }, values: packed }: PackedColumn): FileColumn {
  // Parquet knows no dictionary of booleans, and no deltas of anything but whole numbers.
  const encoding = type === 'BOOLEAN' ? distinct : encodings[nature]
  const isWhole = type === 'INT64' || type === 'TIMESTAMP'
  return { name, type, ...encoding, values: isWhole ? () => whole(packed.values() as (number | null)[]) : packed.values }
}

/** As the library wants whole numbers of 64 bits. */
const whole = (values: readonly (number | null)[]) => values.map((value) => (value === null ? null : BigInt(value)))

const rawColumn = 'raw'

/**
 * What an object may expand to: several times the largest one that an archiver may be told to write (ARCHIVE_MAX_MEGABYTES: 64, each row
 * counted with its overhead), and little enough to be held. Thirteen kilobytes can be 800 MB of zeros.
 */
const maxBytes = 256 * 1024 * 1024
const maxRows = 1_000_000

/** The records of a file that `encodeParquet` wrote, verbatim. FatalError where it is no such file, or expands beyond all measure. */
export async function decodeParquet(bytes: Buffer, topic: string, key: string, limits = { maxBytes, maxRows }): Promise<LogRecord[]> {
  try {
    const file = arrayBufferOf(bytes)
    const metadata = parquetMetadata(file)
    if (metadata.num_rows > limits.maxRows)
      throw new Error(`it says that it holds ${metadata.num_rows} rows, at most ${limits.maxRows} are read`)
    const hasRaw = metadata.schema.some(({ name }) => name === rawColumn)
    const rows = await parquetReadObjects({
      file,
      metadata,
      columns: ['partition', 'offset', 'timestamp', 'key', 'headers', 'value', ...(hasRaw ? [rawColumn] : [])],
      compressors: { ZSTD: boundedZstd(limits.maxBytes) },
      utf8: false,
    })
    return rows.map(({ partition, offset, timestamp, key, headers, value, raw }) => ({
      topic,
      partition: Number(partition),
      offset: Number(offset),
      timestamp: (timestamp as Date).getTime(),
      key: key ?? null,
      headers: JSON.parse(headers as string),
      value: value === null || value === undefined ? null : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      ...(typeof raw === 'string' && { raw: parseRaw(raw) }),
    }))
  } catch (error) {
    throw new FatalError(`${key} is not a Parquet file of the archive: ${(error as Error).message}`, { cause: error })
  }
}

/** Pages of one file, together within a number of bytes. */
function boundedZstd(most: number): (page: Uint8Array, size: number) => Uint8Array {
  let left = most
  return (page, size) => {
    if (size > left) throw new Error(`it expands to more than ${most} bytes`)
    left -= size
    return zstdDecompressSync(page, { maxOutputLength: Math.max(1, size) })
  }
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
  return (whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) as ArrayBuffer
}
