import { createHash } from 'node:crypto'
import type { LogRecord } from '#lib/stream/log.ts'
import { headersText } from './archive-row.ts'

const fixedBytes = 28
const chunkBytes = 16_384
/** Kafka's own spelling of "nothing": an empty value is not a missing one. */
const missing = -1

/**
 * sha256 over offset, timestamp, key, headers and value of each record, each of variable length with its length in front: equal if and
 * only if the records are. File bytes are no measure of that: they change with the version of a library.
 */
export function logicalHash(records: Iterable<Pick<LogRecord, 'offset' | 'timestamp' | 'key' | 'headers' | 'value'>>): string {
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(chunkBytes)
  let used = 0
  /** Few large updates: each one costs more than the bytes of a usual record. */
  const add = (bytes: number, write: (into: Buffer, at: number) => void): void => {
    if (used + bytes > chunk.length) {
      hash.update(chunk.subarray(0, used))
      used = 0
    }
    if (bytes <= chunk.length) {
      write(chunk, used)
      used += bytes
      return
    }
    const large = Buffer.allocUnsafe(bytes)
    write(large, 0)
    hash.update(large)
  }
  for (const record of records) {
    const headers = headersText(record.headers)
    const lengths = {
      key: record.key === null ? missing : Buffer.byteLength(record.key),
      headers: Buffer.byteLength(headers),
      value: record.value?.length ?? missing,
    }
    add(fixedBytes + Math.max(0, lengths.key) + lengths.headers + Math.max(0, lengths.value), (into, at) => {
      writeInt64(into, record.offset, at)
      writeInt64(into, record.timestamp, at + 8)
      into.writeInt32BE(lengths.key, at + 16)
      into.writeInt32BE(lengths.headers, at + 20)
      into.writeInt32BE(lengths.value, at + 24)
      let next = at + fixedBytes
      if (record.key !== null) next += into.write(record.key, next)
      next += into.write(headers, next)
      record.value?.copy(into, next)
    })
  }
  return hash.update(chunk.subarray(0, used)).digest('hex')
}

/** A whole number up to 2^53 as 64 bits, without a BigInt. */
function writeInt64(into: Buffer, value: number, at: number): void {
  into.writeInt32BE(Math.floor(value / 2 ** 32), at)
  into.writeUInt32BE(value >>> 0, at + 4)
}
