import { createHash } from 'node:crypto'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import type { LogRecord } from '#lib/stream/log.ts'

/** Kafka's own spelling of "nothing": an empty value is not a missing one. */
const missing = -1

/**
 * sha256 over offset, timestamp, key, headers and value of each record, each of variable length with its length in front: equal if and
 * only if the records are. File bytes are no measure of that: they change with the version of a library.
 */
export function logicalHash(records: Iterable<Pick<LogRecord, 'offset' | 'timestamp' | 'key' | 'headers' | 'value'>>): string {
  const hash = createHash('sha256')
  for (const { offset, timestamp, key, headers, value } of records) {
    const keyBytes = key === null ? null : Buffer.from(key)
    const headerBytes = Buffer.from(canonicalJson(headers))
    const fixed = Buffer.allocUnsafe(28)
    fixed.writeBigInt64BE(BigInt(offset), 0)
    fixed.writeBigInt64BE(BigInt(timestamp), 8)
    fixed.writeInt32BE(keyBytes?.length ?? missing, 16)
    fixed.writeInt32BE(headerBytes.length, 20)
    fixed.writeInt32BE(value?.length ?? missing, 24)
    // Few large updates: each one costs more than the bytes of a usual record.
    hash.update(keyBytes === null ? Buffer.concat([fixed, headerBytes]) : Buffer.concat([fixed, keyBytes, headerBytes]))
    if (value !== null) hash.update(value)
  }
  return hash.digest('hex')
}
