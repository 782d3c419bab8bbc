import { describe, expect, test } from 'vitest'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { axieResidualFeatures } from '#lib/features/axie-v2.ts'
import { vectorOf } from '#lib/features/feature-set.ts'
import { measureDefinitions, measureSet } from '#lib/market/measures/measures.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { EnrichedListing } from '#schemas/types.ts'
import { createFeaturizerProcessor } from './featurizer.ts'

const measures = measureDefinitions.map((_, place) => place / 10)

const listing = (context: Partial<EnrichedListing['context']> = {}): EnrichedListing => ({
  ...sampleScored.listing,
  context: { ...sampleScored.listing.context, measureSet, measures, ...context },
})

const featurize = (...values: EnrichedListing[]) => {
  const inputs = values.map((value, offset) => ({
    value,
    record: { topic: 'listings.enriched', partition: 0, offset, timestamp: 0, key: null, headers: {} },
  }))
  return createFeaturizerProcessor().process(inputs, null)
}

describe('featurizer', () => {
  test('adds the vector and names its feature set; the listing travels on, keyed by its axie', () => {
    const value = listing()
    const [result] = featurize(value)
    if (result?.type !== 'emit') throw new Error(`expected an output, found ${JSON.stringify(result)}`)
    const [output] = result.outputs
    expect(output).toMatchObject({ topic: 'listings.features', key: 'axie:5016355' })
    expect(output?.value).toMatchObject({ featureSet: 'axie-v1', featureSetHash: axieFeatures.hash, listing: value })
    expect(new Float32Array(new Uint8Array(output?.value.vector as Buffer).buffer)).toEqual(vectorOf(axieFeatures, value))
  })

  test('while two models take turns, each listing gets the vector that its own model reads', () => {
    const read = [axieResidualFeatures, axieFeatures, axieResidualFeatures]
    const results = featurize(...read.map(({ hash }) => ({ ...listing(), featureSetHash: hash })))
    const emitted = results.flatMap((result) => (result.type === 'emit' ? result.outputs : []))
    expect(emitted.map(({ value }) => value.featureSetHash)).toEqual(read.map(({ hash }) => hash))
    expect(emitted.map(({ value }) => value.vector.length)).toEqual(read.map(({ features }) => features.length * 4))
  })

  test('a feature set that this version does not have is refused by name', () => {
    const [result] = featurize({ ...listing(), modelId: 'm', featureSetHash: 'other' })
    expect(result).toMatchObject({ type: 'reject', code: 'feature_set_unknown' })
  })

  test('a listing measured by other definitions is refused: its numbers would be taken for something else', () => {
    const [other, own] = featurize(listing({ measureSet: 'older' }), listing())
    expect(other).toMatchObject({ type: 'reject', code: 'measure_set_mismatch' })
    expect(own).toMatchObject({ type: 'emit' })
  })
})
