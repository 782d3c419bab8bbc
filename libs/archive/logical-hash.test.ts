import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { logicalHash } from './logical-hash.ts'
import { sampleRecord } from './testing/archive-samples.ts'

/** The format, field after field, as every archive there is was hashed. */
function bytesHashed({ offset, timestamp, key, headers, value }: LogRecord): Buffer {
  const text = Buffer.from(canonicalJson(headers))
  const front = Buffer.alloc(28)
  front.writeBigInt64BE(BigInt(offset), 0)
  front.writeBigInt64BE(BigInt(timestamp), 8)
  front.writeInt32BE(key === null ? -1 : Buffer.byteLength(key), 16)
  front.writeInt32BE(text.length, 20)
  front.writeInt32BE(value === null ? -1 : value.length, 24)
  return Buffer.concat([front, Buffer.from(key ?? ''), text, value ?? Buffer.alloc(0)])
}

const text = fc.string({ unit: 'binary', maxLength: 12 })
const short = fc.uint8Array({ maxLength: 64 })
const long = fc.uint8Array({ minLength: 15_000, maxLength: 20_000 })
const anyRecord = fc
  .record({
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeInteger(),
    key: fc.option(text),
    headers: fc.dictionary(text, text, { maxKeys: 3 }).map((headers) => ({ ...headers })),
    value: fc.option(fc.oneof({ weight: 4, arbitrary: short }, long).map((array) => Buffer.from(array))),
  })
  .map(({ offset, value, ...change }) => sampleRecord(offset, value, change))

describe('the logical hash', () => {
  it('is the sha256 of the records in their format, however many and large they are', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { maxLength: 20 }), (records) => {
        expect(logicalHash(records)).toBe(
          createHash('sha256')
            .update(Buffer.concat(records.map(bytesHashed)))
            .digest('hex'),
        )
      }),
    )
  })
})
