import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import avro from 'avsc'
import { beforeAll, describe, expect, it } from 'vitest'
import { gapKey, parseGapKey } from '#lib/archive/layout.ts'
import { decodeManifest, decodeSeal, encodeGap } from '#lib/archive/manifest.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { initialMarketState } from '#lib/market/fold/market-state.ts'
import { openBundle, readBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { parseMetadata } from '#lib/stream/runtime/offset-metadata.ts'
import published from '#schemas/published.json' with { type: 'json' }
import type { RecordName } from '#schemas/types.ts'

/** Documents that outlive the process that wrote them: one of each form ever written. Files are added here, never changed or removed. */
const directory = new URL('fixtures/written/', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, directory))
const filesIn = (folder: string, prefix = '') => readdirSync(new URL(folder, directory)).filter((name) => name.startsWith(prefix))

describe('what earlier versions wrote is read', () => {
  it.each(filesIn('rules/'))('rule set %s, under the name it had', async (file) => {
    const hash = file.replace(/\.json$/, '')
    expect(
      createHash('sha256')
        .update(read(`rules/${file}`))
        .digest('hex'),
    ).toBe(hash)
    const store = createMemoryStore()
    await store.putIfAbsent(`rules/${file}`, read(`rules/${file}`))
    const { guards, rules } = await createRulesStore(store).load(hash)
    expect(rules.length).toBeGreaterThan(0)
    for (const limit of Object.values(guards)) expect(limit).toBeTypeOf('number')
  })

  it.each(filesIn('archive/', 'manifest-'))('archive manifest %s', (file) => {
    expect(decodeManifest(read(`archive/${file}`), file)).toMatchObject({ topic: 'market.events', begin: 0, end: 20, count: 18 })
  })

  it.each(filesIn('archive/', 'seal-'))('archive seal %s', (file) => {
    expect(decodeSeal(read(`archive/${file}`), file)).toBe(20)
  })

  it('a seal of a later version is not guessed at', () => {
    expect(() => decodeSeal(Buffer.from('{"end":20,"version":2}'), 'k')).toThrow('archive seal k: version: ')
  })

  it.each(filesIn('.', 'offset-metadata-'))('what a commit remembers, %s', (file) => {
    const checkpoint = parseMetadata(read(file).toString())
    expect(checkpoint).not.toBeNull()
    expect(initialMarketState(JSON.parse(checkpoint!.carry!)).model?.modelId).toMatch(/^m|^trees-/)
  })

  it('archive gap gap-1.json, by its name; its words are for people, and written as they were', () => {
    expect(encodeGap({ begin: 20, end: 40 })).toEqual(read('archive/gap-1.json'))
    expect(parseGapKey('r', gapKey('r', 3, { begin: 20, end: 40 }))).toMatchObject({ partition: 3, begin: 20, end: 40 })
  })
})

/** What each model of the fixtures forecast when it was stored, of an axie with a pooled price, a class and a purity. */
const forecasts: Readonly<Record<string, readonly number[]>> = {
  'trees-0e3be61adc84ec02': [32.6436, 38.759, 48.0199, 62.8298, 80.0057],
  'stack-188bc061c8e3edc1': [31.8648, 37.5665, 47.4747, 61.6023, 78.973],
}

describe('models that earlier versions stored', () => {
  beforeAll(async () => {
    await startTensorRuntime('wasm')
  })

  it.each(filesIn('models/'))('%s forecasts what it did', async (modelId) => {
    const store = createMemoryStore()
    for (const name of filesIn(`models/${modelId}/`))
      await store.putIfAbsent(`models/${modelId}/${name}`, read(`models/${modelId}/${name}`))
    const bundle = await readBundle(store, modelId)
    const model = openBundle(bundle)
    const { quantilesUsd } = model.predict(Float32Array.of(0.4, 2, 0.7), Float64Array.of(3.4))
    expect(forecasts[modelId]).toHaveLength(5)
    for (const [index, usd] of forecasts[modelId]!.entries()) expect(quantilesUsd[index]).toBeCloseTo(usd, 3)
    expect(model.ask === null).toBe(bundle.manifest.heads === undefined)
  })
})

/** As a log holds it, beside the schema it was written by and what it said. A field that is newer has its default. */
type Written = Readonly<{ bytes: string; value: object }>
type WrittenRecords = Readonly<{ record: RecordName; schema: object }> & (Written | Readonly<{ written: readonly Written[] }>)

describe('records in logs that are kept for ever', () => {
  it.each(filesIn('records/'))('%s says what it said', async (file) => {
    const records: WrittenRecords = JSON.parse(read(`records/${file}`).toString())
    const { record, schema } = records
    const registry = createMemoryRegistry()
    const id = await registry.register(record, JSON.stringify(schema))
    const codec = createCodec({ registry })
    for (const { bytes, value } of 'written' in records ? records.written : [records]) {
      const decoded = await codec.decode(record, Buffer.concat([Buffer.of(0, 0, 0, 0, id), Buffer.from(bytes, 'base64')]))
      expect(JSON.parse(JSON.stringify(decoded))).toMatchObject(value)
    }
  })
})

describe('records of every schema that was ever published', () => {
  const versions = Object.entries(published).flatMap(([name, schemas]) =>
    schemas.map((schema, index): [string, number, object] => [name, index + 1, schema]),
  )

  it.each(versions)('%s, version %d', async (name, _version, schema) => {
    const registry = createMemoryRegistry()
    const id = await registry.register(name, JSON.stringify(schema))
    const writer = avro.Type.forSchema(schema as avro.Schema)
    const head = Buffer.from([0, 0, 0, 0, id])
    const codec = createCodec({ registry })
    for (let i = 0; i < 5; i++) {
      const record = await codec.decode(name as RecordName, Buffer.concat([head, writer.toBuffer(writer.random())]))
      expect(record).toBeTypeOf('object')
    }
  })
})
