import { createHash } from 'node:crypto'
import type { LogRecord } from '#lib/stream/log.ts'
import { headersText } from './archive-row.ts'

const fixedBytes = 28
/** Kafka's own spelling of "nothing": an empty value is not a missing one. */
const missing = -1

/**
 * sha256 over offset, timestamp, key, headers and value of each record, each of variable length with its length in front: equal if and
 * only if the records are. File bytes are no measure of that: they change with the version of a library.
 */
export function logicalHash(records: Iterable<Pick<LogRecord, 'offset' | 'timestamp' | 'key' | 'headers' | 'value'>>): string {
  const hash = createHash('sha256')
  for (const { offset, timestamp, key, headers, value } of records) {
    const text = headersText(headers)
    const keyLength = key === null ? missing : Buffer.byteLength(key)
    const headersLength = Buffer.byteLength(text)
    const front = Buffer.allocUnsafe(fixedBytes + Math.max(0, keyLength) + headersLength)
    front.writeBigInt64BE(BigInt(offset), 0)
    front.writeBigInt64BE(BigInt(timestamp), 8)
    front.writeInt32BE(keyLength, 16)
    front.writeInt32BE(headersLength, 20)
    front.writeInt32BE(value?.length ?? missing, 24)
    if (key !== null) front.write(key, fixedBytes)
    front.write(text, fixedBytes + Math.max(0, keyLength))
    // Few large updates: each one costs more than the bytes of a usual record.
    hash.update(front)
    if (value !== null) hash.update(value)
  }
  return hash.digest('hex')
}
