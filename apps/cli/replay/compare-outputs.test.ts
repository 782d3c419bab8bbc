import { beforeAll, describe, expect, it } from 'vitest'
import { type Codec, createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { type ComparedSide, compareOutputs } from './compare-outputs.ts'
import { formatComparison } from './side-by-side.ts'

let codec: Codec
/** A codec on another registry, which numbers the same schemas otherwise. */
let otherCodec: Codec
beforeAll(async () => {
  codec = createCodec({ registry: createMemoryRegistry() })
  await codec.prepare(['ScoredListing'])
  const registry = createMemoryRegistry()
  await registry.register('something else', '"string"')
  otherCodec = createCodec({ registry })
  await otherCodec.prepare(['ScoredListing'])
})

const scored = (number: number, change: Partial<ScoredListing> = {}): ScoredListing => ({
  ...sampleScored,
  listing: { ...sampleScored.listing, listingId: `axie:${number}:1` },
  ...change,
})

const recordOf = (value: ScoredListing, index: number, by: Codec): LogRecord => ({
  topic: 'listings.scored',
  partition: index % 2,
  offset: index * 5,
  timestamp: index,
  key: `axie:${index}`,
  value: by.encode('ScoredListing', value),
  headers: {},
})

const side = (values: readonly ScoredListing[], by = codec): ComparedSide => {
  const records = values.map((value, index) => recordOf(value, index, by))
  return {
    codec: by,
    source: {
      partitions: [...new Set(records.map(({ partition }) => partition))],
      count: () => records.length,
      read: async function* (partition) {
        yield* records.filter((record) => record.partition === partition)
      },
      close: async () => {},
    },
  }
}

const fiveListings = [0, 1, 2, 3, 4].map((number) => scored(number))
const compare = (recorded: ComparedSide, replayed: ComparedSide) => compareOutputs('listings.scored', recorded, replayed)

describe('a replay beside its recording', () => {
  it('is the same where keys and values are, whatever offsets and timestamps say', async () => {
    const comparison = await compare(side(fiveListings), side(fiveListings))
    expect(comparison).toMatchObject({ recorded: 5, replayed: 5, identical: 5, first: null })
    expect(formatComparison(comparison)).toBe('ok       listings.scored: 5 recorded, 5 replayed, 5 identical to the byte\n')
  })

  it('is the same where only the registry numbers the same schema otherwise', async () => {
    expect(await compare(side(fiveListings), side(fiveListings, otherCodec))).toMatchObject({ identical: 5, first: null })
  })

  it('shows the first record that differs, field by field', async () => {
    const changed = fiveListings.map((value, index) => (index < 2 ? value : scored(index, { novelty: 0.75 })))
    const comparison = await compare(side(fiveListings), side(changed))
    expect(comparison).toMatchObject({ identical: 2, first: { partition: 0, position: 1 }, otherMakers: [] })
    const text = formatComparison(comparison)
    expect(text).toContain('record 2 of partition 0 (recorded: offset 10, replayed: offset 10), key axie:2')
    expect(text).toMatch(new RegExp(`novelty +${sampleScored.novelty} +0.75\n`))
    expect(text).not.toContain('modelId')
  })

  it('names what is missing, and what is too much', async () => {
    expect(await compare(side(fiveListings), side(fiveListings.slice(0, 3)))).toMatchObject({ recorded: 5, replayed: 3, identical: 3 })
    const comparison = await compare(side(fiveListings.slice(0, 4)), side(fiveListings))
    expect(formatComparison(comparison)).toContain('recorded: nothing, replayed: offset 20')
  })

  it.each([
    ['model', { modelId: 'other-model' }],
    ['backend', { backend: 'cpu' }],
    ['code version', { codeVersion: '9.9.9' }],
    ['rules', { listing: { ...sampleScored.listing, rulesHash: 'f'.repeat(64) } }],
  ])('refuses to compare what another %s made', async (what, change) => {
    const comparison = await compare(side(fiveListings), side(fiveListings.map((value) => ({ ...value, ...change }))))
    expect(comparison.otherMakers).toEqual([expect.stringMatching(`^${what} .* when recorded, .* in the replay$`)])
    expect(formatComparison(comparison)).toContain('REFUSED')
  })
})
