import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { snappyCompress } from 'hyparquet-writer/src/snappy.js'
import { compressFrameSync } from 'lz4-napi'
import { describe, expect, it } from 'vitest'
import type { HeaderBytes } from '#lib/stream/log.ts'
import { describeUndecodable, undecodableHeaders } from '#lib/stream/undecodable-batch.ts'
import { kafkajsModule } from './internals.ts'
import { type DecodeLimits, decodeBatches, usualLimits } from './record-batches.ts'
import { encodeRecord } from './record-patch.ts'
import { toLogRecord } from './records.ts'

const { RecordBatch } = kafkajsModule('protocol/recordBatch/v0') as { RecordBatch(batch: object): Promise<{ buffer: Buffer }> }

type Given = Readonly<{ key?: Buffer | string | null; value: Buffer | string | null; headers?: readonly HeaderBytes[] }>
const codecs = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const
type Codec = keyof typeof codecs

const compressors: Readonly<Record<Codec, (records: Buffer) => Buffer>> = {
  none: (records) => records,
  gzip: (records) => gzipSync(records),
  zstd: (records) => zstdCompressSync(records),
  lz4: (records) => compressFrameSync(records),
  snappy: (records) => Buffer.from(snappyCompress(records)),
}
const recordsBegin = 61

/** A batch as kafkajs writes it, its records compressed as another client would. */
async function batchOf(given: readonly Given[], { codec = 'none', firstOffset = 0 }: { codec?: Codec; firstOffset?: number } = {}) {
  const records = given.map((record, offsetDelta) => encodeRecord({ headers: [], ...record, offsetDelta }))
  const { buffer } = await RecordBatch({
    records,
    firstOffset,
    lastOffsetDelta: given.length - 1,
    firstTimestamp: 1_000,
    maxTimestamp: 1_000,
  })
  const batch = Buffer.concat([buffer.subarray(0, recordsBegin), compressors[codec](buffer.subarray(recordsBegin))])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(codecs[codec], 21)
  return batch
}

const read = async (bytes: Buffer, limits?: DecodeLimits) =>
  (await decodeBatches(bytes, limits)).map((message) => ({ ...toLogRecord({ topic: 't', partition: 0 }, message as never), message }))
/** What a codec made, in a batch that says which codec it was. */
async function compressedBatch(given: readonly Given[], codec: Codec, compress: (records: Buffer) => Buffer): Promise<Buffer> {
  const plain = await batchOf(given)
  const batch = Buffer.concat([plain.subarray(0, recordsBegin), compress(plain.subarray(recordsBegin))])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(codecs[codec], 21)
  return batch
}

/** As snappy-java writes it: a head of 16 bytes, then blocks with their lengths in front. */
const javaSnappy =
  (blockBytes: number) =>
  (records: Buffer): Buffer => {
    const head = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1])
    const blocks: Buffer[] = []
    for (let at = 0; at < records.length; at += blockBytes) {
      const block = Buffer.from(snappyCompress(records.subarray(at, at + blockBytes)))
      const length = Buffer.alloc(4)
      length.writeInt32BE(block.length)
      blocks.push(length, block)
    }
    return Buffer.concat([head, ...blocks])
  }

/** As Java's clients write what does not shrink: an LZ4 frame of blocks that are stored as they are. */
const storedLz4 = (records: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE((records.length | 0x8000_0000) >>> 0)
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]), length, records, Buffer.alloc(4)])
}

const otherFramings: readonly (readonly [string, Codec, (records: Buffer) => Buffer])[] = [
  ['snappy of Java in one block', 'snappy', javaSnappy(1 << 20)],
  ['snappy of Java in many blocks', 'snappy', javaSnappy(64)],
  ['LZ4 that stores its blocks', 'lz4', storedLz4],
  ['gzip in two members', 'gzip', (records) => Buffer.concat([gzipSync(records.subarray(0, 100)), gzipSync(records.subarray(100))])],
  ['zstd of its highest level', 'zstd', (records) => zstdCompressSync(records, { params: { [constants.ZSTD_c_compressionLevel]: 22 } })],
]

const valuesOf = (records: readonly { value: Buffer | null }[]) => records.map(({ value }) => String(value))

describe('record batches', () => {
  it.each(Object.keys(codecs) as Codec[])('compressed by %s come back as they were', async (codec) => {
    const given = Array.from({ length: 300 }, (_, index) => ({ key: `axie:${index}`, value: `value ${index} `.repeat(index % 50) }))
    const records = await read(await batchOf(given, { codec, firstOffset: 7 }))
    expect(valuesOf(records)).toEqual(given.map(({ value }) => value))
    expect(records.map(({ key }) => key)).toEqual(given.map(({ key }) => key))
    expect(records.map(({ offset }) => offset)).toEqual(given.map((_, index) => 7 + index))
    expect(records.every(({ timestamp }) => timestamp === 1_000)).toBe(true)
  })

  const several = Array.from({ length: 20 }, (_, index) => ({ key: `axie:${index}`, value: `value ${index} `.repeat(index) }))

  it.each(otherFramings)('as other clients frame them come back as they were: %s', async (_, codec, compress) => {
    expect(valuesOf(await read(await compressedBatch(several, codec, compress)))).toEqual(several.map(({ value }) => value))
  })

  it.each([...otherFramings, ...(Object.keys(codecs) as Codec[]).map((codec) => [codec, codec, compressors[codec]] as const)])(
    'cut off anywhere within their records are one record that cannot be decoded, never some of them: %s',
    async (_, codec, compress) => {
      const whole = await compressedBatch(several, codec, compress)
      for (let end = recordsBegin; end < whole.length; end++) {
        const cut = Buffer.from(whole.subarray(0, end))
        cut.writeInt32BE(cut.length - 12, 8)
        const records = await read(cut)
        // A checksum behind the last block may be all that is gone.
        if (records.length === several.length) continue
        expect(records.map(({ offset }) => offset)).toEqual([19])
        expect(describeUndecodable(records[0]!)).toMatch(new RegExp(`^offsets 0 to 19, codec ${codec}: `))
      }
    },
  )

  it('that say another codec than they were compressed by are refused', async () => {
    for (const [said, compressed] of [
      ['lz4', 'gzip'],
      ['zstd', 'snappy'],
      ['gzip', 'zstd'],
      ['snappy', 'lz4'],
      ['none', 'zstd'],
    ] as const) {
      const [record, ...others] = await read(await compressedBatch(several, said, compressors[compressed]))
      expect(describeUndecodable(record!)).toMatch(/^offsets 0 to 19/)
      expect(others).toEqual([])
    }
    const unknown = await batchOf(several)
    unknown.writeInt16BE(5, 21)
    expect(describeUndecodable((await read(unknown))[0]!)).toMatch(/codec unknown: compressed by no codec that is known/)
  })

  it('are several in a fetch, the last one of which may be cut off anywhere', async () => {
    const whole = await batchOf([{ value: 'a' }, { value: 'b' }])
    const next = await batchOf([{ value: 'c' }], { codec: 'zstd', firstOffset: 2 })
    for (let cut = 0; cut < next.length; cut++)
      expect(valuesOf(await read(Buffer.concat([whole, next.subarray(0, cut)])))).toEqual(['a', 'b'])
    expect(valuesOf(await read(Buffer.concat([whole, next])))).toEqual(['a', 'b', 'c'])
  })

  it('that cannot be decoded become one record each: bytes, range and codec, and what follows is read', async () => {
    const good = await batchOf([{ value: 'a' }])
    const bad = await batchOf([{ value: 'b' }, { value: 'c' }, { value: 'd' }], { codec: 'zstd', firstOffset: 1 })
    bad.fill(0xff, recordsBegin + 4)
    const after = await batchOf([{ value: 'e' }], { firstOffset: 4 })
    const records = await read(Buffer.concat([good, bad, after]))
    expect(records.map(({ offset }) => offset)).toEqual([0, 3, 4])
    expect(records[1]).toMatchObject({ key: null, value: bad, headers: { [undecodableHeaders.codec]: 'zstd' } })
    expect(describeUndecodable(records[1]!)).toMatch(/^offsets 1 to 3, codec zstd: /)
    expect(records.map((record) => describeUndecodable(record) !== null)).toEqual([false, true, false])
  })

  it('of any damage give something for every batch, and never an error', async () => {
    const batches = await Promise.all(
      (Object.keys(codecs) as Codec[]).map((codec) => batchOf([{ key: 'k', value: 'v'.repeat(200) }], { codec })),
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...batches), fc.nat(), fc.nat(255), async (batch, place, byte) => {
        const damaged = Buffer.from(batch)
        // Not the length, which says where the next batch begins, nor where this one lies.
        damaged[16 + (place % (batch.length - 16))] = byte
        expect((await decodeBatches(damaged)).length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })

  it('of another format, or too short for a head, are refused at the offset in front of them, whatever stands where', async () => {
    const old = Buffer.alloc(80, 0xff)
    old.writeBigInt64BE(41n, 0)
    old.writeInt32BE(old.length - 12, 8)
    old.writeInt8(1, 16)
    const short = Buffer.alloc(20)
    short.writeBigInt64BE(42n, 0)
    short.writeInt32BE(short.length - 12, 8)
    short.writeInt8(2, 16)
    const stump = Buffer.alloc(12)
    stump.writeBigInt64BE(43n, 0)
    const records = await read(Buffer.concat([old, short, stump, await batchOf([{ value: 'after' }], { firstOffset: 44 })]))
    expect(records.map(({ offset }) => offset)).toEqual([41, 42, 43, 44])
    expect(records.map((record) => describeUndecodable(record))).toEqual([
      'offsets 41 to 41, codec unknown: a batch of format 1, expected 2',
      'offsets 42 to 42, codec unknown: a batch of 20 bytes has no whole head',
      'offsets 43 to 43, codec unknown: a batch of format null, expected 2',
      null,
    ])
  })

  it('of a negative length end the fetch, and are not read for ever', async () => {
    const batch = await batchOf([{ value: 'a' }])
    for (const length of [-1, -12, -2_147_483_648]) {
      batch.writeInt32BE(length, 8)
      await expect(decodeBatches(batch)).rejects.toThrow(/where the next one begins nobody can say/)
    }
  })

  it('of a negative number of records are refused, not passed over', async () => {
    const batch = await batchOf([{ value: 'a' }, { value: 'b' }])
    batch.writeInt32BE(-1, 57)
    expect((await read(batch)).map(describeUndecodable)).toEqual(['offsets 0 to 1, codec none: it holds -1 records'])
  })

  it('that compaction emptied are passed over, not waited for', async () => {
    const empty = await batchOf([{ value: 'gone' }], { firstOffset: 5 })
    const head = empty.subarray(0, recordsBegin)
    head.writeInt32BE(head.length - 12, 8)
    head.writeInt32BE(0, 57)
    expect(await decodeBatches(head)).toMatchObject([{ offset: '5', isControlRecord: true }])
  })
})

describe('expansion is bounded', () => {
  const limits: DecodeLimits = { batchBytes: 100_000, batchRecords: 1_000, fetchBytes: 50_000, fetchRecords: 500 }
  const zeros = { value: Buffer.alloc(200_000) }

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('a batch of zeros by %s is not expanded, and the next one is read', async (codec) => {
    const bomb = await batchOf([zeros], { codec })
    const records = await read(Buffer.concat([bomb, await batchOf([{ value: 'after' }], { firstOffset: 1 })]), limits)
    expect(describeUndecodable(records[0]!)).toMatch(/expands to more than 100000 bytes/)
    expect(valuesOf(records.slice(1))).toEqual(['after'])
  })

  it('many small blocks of snappy are not expanded beyond it together', async () => {
    const bomb = await compressedBatch([zeros], 'snappy', javaSnappy(10_000))
    expect(describeUndecodable((await read(bomb, limits))[0]!)).toMatch(/expands to more than/)
  })

  it('300 MB of zeros take no such memory', async () => {
    const zeros = zstdCompressSync(Buffer.alloc(300 * 1024 * 1024))
    const bomb = Buffer.concat([(await batchOf([{ value: 'x' }], { codec: 'zstd' })).subarray(0, recordsBegin), zeros])
    bomb.writeInt32BE(bomb.length - 12, 8)
    const before = process.memoryUsage().rss
    expect(describeUndecodable((await read(bomb))[0]!)).toMatch(/expands to more/)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
  })

  it('a batch of too many records is not decoded either', async () => {
    const many = await batchOf(Array.from({ length: 1_001 }, () => ({ value: 'x' })))
    expect(describeUndecodable((await read(many, limits))[0]!)).toMatch(/1001 records/)
  })

  it('a fetch of many batches is read in parts, each whole and never none', async () => {
    const batches = await Promise.all(
      [0, 1, 2, 3].map((offset) => batchOf([{ value: 'x'.repeat(30_000) }], { codec: 'zstd', firstOffset: offset })),
    )
    const offsets = async (bytes: Buffer) => (await read(bytes, limits)).map(({ offset }) => offset)
    expect(await offsets(Buffer.concat(batches))).toEqual([0, 1])
    expect(await offsets(Buffer.concat(batches.slice(2)))).toEqual([2, 3])
    expect(await offsets(await batchOf([{ value: 'x'.repeat(90_000) }], { codec: 'zstd' }))).toEqual([0])
  })

  it('no batch that we write ourselves is beyond the usual limits', () => {
    expect(usualLimits.batchBytes).toBeGreaterThan(8 * 1024 * 1024)
  })
})

describe('what is no text', () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe])

  it('a key keeps its bytes, beside the text that it always had', async () => {
    const [record] = await read(await batchOf([{ key: bytes, value: 'v' }]))
    expect(record).toMatchObject({ key: bytes.toString(), raw: { key: bytes } })
  })

  it('headers keep bytes, order, repetition and having no value', async () => {
    const headers: HeaderBytes[] = [
      ['a', Buffer.from('1')],
      ['b', null],
      ['a', bytes],
    ]
    const [record] = await read(await batchOf([{ key: 'k', value: 'v', headers }]))
    expect(record!.raw).toEqual({ headers })
    expect(record!.headers).toEqual({ a: bytes.toString(), b: 'null' })
  })

  it('where text says it all nothing stands beside it', async () => {
    const headers: HeaderBytes[] = [
      ['a', Buffer.from('ü')],
      ['__proto__', Buffer.from('x')],
      ['empty', Buffer.alloc(0)],
    ]
    const [record] = await read(await batchOf([{ key: 'ключ', value: null, headers }]))
    expect(record!.raw).toBeUndefined()
    expect(Object.entries(record!.headers)).toEqual([
      ['a', 'ü'],
      ['__proto__', 'x'],
      ['empty', ''],
    ])
  })
})
