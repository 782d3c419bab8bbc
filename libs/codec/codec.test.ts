import avro from 'avsc'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { RejectedError, RetryableError } from '#lib/errors/errors.ts'
import type { AlertFeedback, MarketEvent, RecordName } from '#schemas/types.ts'
import { type Codec, createCodec, schemaIdOf } from './codec.ts'
import { createMemoryRegistry, type SchemaRegistry } from './registry.ts'
import { type AvroSchema, readSchemaFiles, selfContainedSchema } from './schema-files.ts'

const names = [...readSchemaFiles().keys()] as RecordName[]
const feedback: AlertFeedback = { alertId: 'axie:1:2:default', kind: 'bought', by: 'someone', isOpinion: false, at: 1_650_000_000_000 }
const event: MarketEvent = {
  eventId: 'rate:1',
  eventTime: 1_650_000_000_000,
  observedAt: 1_650_000_000_001,
  origin: 'live',
  source: 'recorded',
  payload: { 'flipstream.ExchangeRate': { ethUsd: 3_000 } },
}

describe('a codec', () => {
  let registry: SchemaRegistry
  let codec: Codec
  beforeAll(async () => {
    registry = createMemoryRegistry()
    codec = createCodec({ registry })
    await codec.prepare(names)
  })

  test.each(names)('gives back every %s as it was', async (name) => {
    const type = avro.Type.forSchema(selfContainedSchema(name, readSchemaFiles()) as avro.Schema)
    for (let i = 0; i < 20; i++) {
      const value = type.random() as never
      expect(type.toString(await codec.decode(name, codec.encode(name, value)))).toBe(type.toString(value))
    }
  })

  test('writes a zero byte and the schema id in front', () => {
    const bytes = codec.encode('AlertFeedback', feedback)
    expect(bytes[0]).toBe(0)
    expect(schemaIdOf(bytes)).toBe(names.indexOf('AlertFeedback') + 1)
  })

  test('tells a record as its writer wrote it, whatever it is called', async () => {
    expect(await codec.decodeAsWritten(codec.encode('AlertFeedback', feedback))).toMatchObject(feedback)
    await expect(codec.decodeAsWritten(Buffer.from('garbage'))).rejects.toMatchObject({ code: 'not_avro' })
    await expect(codec.decodeAsWritten(Buffer.from([0, 0, 0, 9, 9, 1]))).rejects.toMatchObject({ code: 'unknown_schema_id' })
    const cut = codec.encode('AlertFeedback', feedback).subarray(0, 9)
    await expect(codec.decodeAsWritten(cut)).rejects.toMatchObject({ code: 'undecodable' })
  })

  test('records that are decoded at once ask the registry for their schema once', async () => {
    let asked = 0
    const counting: SchemaRegistry = {
      ...registry,
      schemaById(id) {
        asked++
        return registry.schemaById(id)
      },
    }
    const reader = createCodec({ registry: counting })
    const bytes = codec.encode('AlertFeedback', feedback)
    const decoded = await Promise.all(Array.from({ length: 100 }, () => reader.decode('AlertFeedback', bytes)))
    expect(decoded.every(({ alertId }) => alertId === feedback.alertId)).toBe(true)
    expect(asked).toBe(1)
  })

  test('encodes records larger than its scratch buffer', async () => {
    const large = { ...feedback, alertId: 'x'.repeat(3_000_000) }
    expect(await codec.decode('AlertFeedback', codec.encode('AlertFeedback', large))).toEqual(large)
  })

  test('names the field that cannot be encoded', () => {
    expect(() => codec.encode('AlertFeedback', { ...feedback, at: 'zero' as never })).toThrow(/AlertFeedback: at is "zero"/)
  })

  test('reads what an older schema wrote: a field added later takes its default', async () => {
    const older = structuredClone(selfContainedSchema('Item', readSchemaFiles())) as unknown as { fields: { name: string }[] }
    older.fields = older.fields.filter(({ name }) => name !== 'image')
    const id = await registry.register('flipstream.Item', JSON.stringify(older))
    const body = avro.Type.forSchema(older as unknown as avro.Schema).toBuffer({
      tokenId: '1',
      class: 'Beast',
      breedCount: 0,
      genes: null,
      parts: [],
    })
    const header = Buffer.from([0, 0, 0, 0, id])
    expect(await codec.decode('Item', Buffer.concat([header, body]))).toMatchObject({ tokenId: '1', image: null })
  })

  test.each([
    ['not_avro', Buffer.from('hello')],
    ['not_avro', Buffer.alloc(0)],
    ['unknown_schema_id', Buffer.from([0, 0, 0, 255, 255, 1])],
    ['undecodable', Buffer.from([0, 0, 0, 0, 1, 1])],
  ])('rejects with %s', async (code, bytes) => {
    await expect((async () => codec.decode('MarketEvent', bytes))()).rejects.toMatchObject({ name: 'RejectedError', code })
  })

  test('refuses a count of items that the bytes cannot hold, at once', async () => {
    const bytes = codec.encode('CollectorState', {
      market: 'axie',
      backfillDone: true,
      recentListingIds: [],
      recentSaleIds: [],
      exchangeRateAt: null,
      leaderboardAt: null,
      trackedAsks: [],
    })
    // The byte behind "axie" and the flag is the item count of recentListingIds: make it 2^31 - 1.
    const at = 5 + 1 + 'axie'.length + 1
    const hostile = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]), bytes.subarray(at + 1)])
    await expect((async () => codec.decode('CollectorState', hostile))()).rejects.toThrow(/items announced/)
  })

  test('never throws anything but a RejectedError for garbage behind a known schema id (20,000 cases)', () => {
    const good = codec.encode('MarketEvent', event)
    const header = good.subarray(0, 5)
    const attempt = (bytes: Buffer) => {
      try {
        codec.decode('MarketEvent', bytes)
      } catch (error) {
        expect(error).toBeInstanceOf(RejectedError)
      }
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => attempt(Buffer.concat([header, body]))),
      { numRuns: 10_000 },
    )
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, length) => {
        const broken = Buffer.from(good)
        broken[at] = byte
        if (schemaIdOf(broken) === schemaIdOf(good)) attempt(broken.subarray(0, Math.max(5, length)))
      }),
      { numRuns: 10_000 },
    )
  })

  test('is retryable, not wrong, while the registry is away', async () => {
    const away: SchemaRegistry = {
      ...createMemoryRegistry(),
      schemaById: async () => {
        throw new RetryableError('registry away')
      },
    }
    await expect(
      (async () => createCodec({ registry: away }).decode('AlertFeedback', codec.encode('AlertFeedback', feedback)))(),
    ).rejects.toBeInstanceOf(RetryableError)
  })

  test('waits for the registry when it prepares, and says so', async () => {
    let failures = 2
    const flaky: SchemaRegistry = {
      ...createMemoryRegistry(),
      register: async () => {
        if (failures-- > 0) throw new RetryableError('registry away')
        return 1
      },
    }
    const waited: string[] = []
    await createCodec({ registry: flaky, onWait: (message) => waited.push(message) }).prepare(['AlertFeedback'])
    expect(waited).toEqual(['registry away', 'registry away'])
  })
})

test('a schema spelled out for the registry stands alone', () => {
  for (const name of names) {
    const schema: AvroSchema = selfContainedSchema(name, readSchemaFiles())
    expect(() => avro.Type.forSchema(schema as avro.Schema)).not.toThrow()
  }
})
