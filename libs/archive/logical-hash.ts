import { createHash } from 'node:crypto'
import { type ArchivedRecord, headersText } from './archive-row.ts'
import type { PackedRows } from './packed-rows.ts'

const fixedBytes = 28
const chunkBytes = 16_384
/** Kafka's own spelling of "nothing": an empty value is not a missing one. */
const missing = -1

/**
 * sha256 over offset, timestamp, key, headers and value of each record, each of variable length with its length in front: equal if and
 * only if the records are. File bytes are no measure of that: they change with the version of a library.
 */
export function logicalHash(records: Iterable<Omit<ArchivedRecord, 'partition'>>): string {
  const hash = createLogicalHash()
  for (const record of records) hash.add(record, headersText(record.headers))
  return hash.digest()
}

/** The same of rows as a segment holds them. */
export function logicalHashOfRows({ length, record: columns }: PackedRows): string {
  const { offset, timestamp, key, headers, value } = columns
  const hash = createLogicalHash()
  for (let row = 0; row < length; row++) {
    const record = { offset: offset.at(row)!, timestamp: timestamp.at(row)!, key: key.at(row), value: value.at(row) }
    hash.add(record, headers.at(row)!)
  }
  return hash.digest()
}

type HashedRecord = Pick<ArchivedRecord, 'offset' | 'timestamp' | 'key' | 'value'>

function createLogicalHash() {
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let used = 0

  /** Where to write this many bytes next. Few large updates: each one costs more than the bytes of a usual record. */
  const write = (bytes: number, into: (buffer: Buffer, at: number) => void): void => {
    if (used + bytes > chunk.length) {
      hash.update(chunk.subarray(0, used))
      used = 0
    }
    if (bytes <= chunk.length) {
      into(chunk, used)
      used += bytes
      return
    }
    const large = Buffer.allocUnsafe(bytes)
    into(large, 0)
    hash.update(large)
  }

  return {
    /** `headers`: their text, or its UTF-8. */
    add({ offset, timestamp, key, value }: HashedRecord, headers: string | Buffer): void {
      const lengths = {
        key: key === null ? missing : Buffer.byteLength(key),
        headers: Buffer.byteLength(headers),
        value: value?.length ?? missing,
      }
      write(fixedBytes + Math.max(0, lengths.key) + lengths.headers + Math.max(0, lengths.value), (into, at) => {
        writeInt64(into, offset, at)
        writeInt64(into, timestamp, at + 8)
        into.writeInt32BE(lengths.key, at + 16)
        into.writeInt32BE(lengths.headers, at + 20)
        into.writeInt32BE(lengths.value, at + 24)
        let next = at + fixedBytes
        if (key !== null) next += into.write(key, next)
        next += typeof headers === 'string' ? into.write(headers, next) : headers.copy(into, next)
        value?.copy(into, next)
      })
    },
    digest: () => hash.update(chunk.subarray(0, used)).digest('hex'),
  }
}

/** A whole number up to 2^53 as 64 bits, without a BigInt. */
function writeInt64(into: Buffer, value: number, at: number): void {
  into.writeInt32BE(Math.floor(value / 2 ** 32), at)
  into.writeUInt32BE(value >>> 0, at + 4)
}
