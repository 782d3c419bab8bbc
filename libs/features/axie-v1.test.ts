import { describe, expect, test } from 'vitest'
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures/measures.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { EnrichedListing } from '#schemas/types.ts'
import { axieFeatures } from './axie-v1.ts'
import { defineFeatureSet, inputColumnsOf, vectorOf, vectorToBytes } from './feature-set.ts'

const names = axieFeatures.features.map(({ name }) => name)

/** Measures that are told apart: each holds its own place. */
const measures = measureDefinitions.map((_, place) => place + 0.5)

function listing(change: Partial<EnrichedListing> = {}): EnrichedListing {
  const base = sampleScored.listing
  return { ...base, context: { ...base.context, measureSet, measures }, ...change }
}

const feature = (name: string, enriched: EnrichedListing = listing()): number =>
  vectorOf(axieFeatures, enriched)[names.indexOf(name)] as number

describe('the feature set axie-v1', () => {
  test('says of each feature what it is and where it comes from, once', () => {
    expect(new Set(names).size).toBe(names.length)
    for (const { name, description, source } of axieFeatures.features) {
      expect(description, name).not.toBe('')
      expect(source, name).toMatch(/item\.|context\./)
    }
  })

  test('the ask must not enter: doubling it, or changing anyone else’s, leaves the vector as it is', () => {
    const before = listing()
    const { ask, context } = before
    const after: EnrichedListing = {
      ...before,
      ask: { ...ask, wei: `${ask.wei}0`, eth: ask.eth * 2, usd: ask.usd * 2, kind: 'dutch', startedAt: ask.startedAt + 1 },
      seller: '0xother',
      context: {
        ...context,
        similarAsks: context.similarAsks.map((other) => ({ ...other, usd: other.usd * 2 })),
        similarAskCount: context.similarAskCount + 1,
        sellerListings: context.sellerListings + 1,
      },
    }
    expect(vectorOf(axieFeatures, after)).toEqual(vectorOf(axieFeatures, before))
  })

  test('every measure of class, likes and the axie itself is a feature, of the whole market only its last hour', () => {
    for (const [name] of measureDefinitions)
      expect(names.includes(name), name).toBe((!name.startsWith('market.') || name === 'market.hours1') && !name.includes('residual.'))
    expect(feature('pool.median')).toBeCloseTo(measureNumber('pool.median') + 0.5)
    expect(feature('c4.ageHours')).toBeCloseTo(Math.log1p(measureNumber('c4.ageHours') + 0.5))
    expect(axieFeatures.levelOf({ measures })).toBe(measureNumber('market.reference') + 0.5)
    expect(axieFeatures.levelOf({ measures: measures.map(() => Number.NaN) })).toBeNull()
    expect(axieFeatures.levelOf({ measures: [] })).toBeNull()
  })

  test('the prices of likes are relative prices, the state of market and class is not', () => {
    const kinds = new Map(axieFeatures.features.map(({ name, kind }) => [name, kind]))
    for (const name of ['pool.median', 'c4.last', 'full.minimum', 'neighbours.mean', 'own.relativeNow'])
      expect(kinds.get(name), name).toBe('relative')
    for (const name of ['market.hours1', 'class.hours6', 'class.q75', 'c4.count', 'combo.quad'])
      expect(kinds.get(name), name).toBe('number')
  })

  test('describes the axie: class and parts as places in their lists, stats, cards', () => {
    expect(feature('class')).toBe(0)
    const back = axieFeatures.features.find(({ name }) => name === 'back')
    expect(back?.values?.[feature('back')]).toBe('back-anemone')
    expect(feature('breed_count')).toBe(1)
    expect(feature('token_number')).toBeCloseTo(5.016355)
    expect(feature('speed')).toBe(57)
    expect(feature('own_battle_parts')).toBe(4)
  })

  test('what is not known is not a number', () => {
    const { item } = listing()
    expect(feature('gene_quality', listing({ item: { ...item, geneQuality: null } }))).toBeNaN()
    expect(feature('back', listing({ item: { ...item, parts: { ...item.parts, back: 'back-to-the-future' } } }))).toBeNaN()
  })

  test('a category’s codes fit its size', () => {
    for (const { name, kind, size } of inputColumnsOf(axieFeatures)) {
      if (kind === 'category') expect(feature(name)).toBeLessThan(size as number)
      else expect(size).toBeUndefined()
    }
  })

  test('its hash changes with a source, a value or the measure set, not with the wording', () => {
    const { name, anchor, features, levelOf } = axieFeatures
    const hash = (changed: Parameters<typeof defineFeatureSet>[0]) => defineFeatureSet(changed).hash
    const [first, ...others] = features as [(typeof features)[number], ...typeof features]
    const rest = { name, anchor, level: 'market.reference', levelOf }
    expect(hash({ ...rest, features, measureSet })).toBe(axieFeatures.hash)
    expect(hash({ ...rest, features: [{ ...first, description: 'x' }, ...others], measureSet })).toBe(axieFeatures.hash)
    expect(hash({ ...rest, features: [{ ...first, source: 'x' }, ...others], measureSet })).not.toBe(axieFeatures.hash)
    expect(hash({ ...rest, features: [{ ...first, values: ['x'] }, ...others], measureSet })).not.toBe(axieFeatures.hash)
    expect(hash({ ...rest, features, measureSet: 'x' })).not.toBe(axieFeatures.hash)
    expect(hash({ ...rest, level: 'x', features, measureSet })).not.toBe(axieFeatures.hash)
  })

  test('a vector travels as little-endian floats', () => {
    const vector = Float32Array.from([1.5, Number.NaN, -2])
    const bytes = vectorToBytes(vector)
    expect(bytes.readFloatLE(0)).toBe(1.5)
    expect(bytes.readFloatLE(4)).toBeNaN()
    expect(bytes.readFloatLE(8)).toBe(-2)
  })
})
