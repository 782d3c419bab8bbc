import { describe, expect, test, vi } from 'vitest'
import type { Predict } from '#lib/model/price-model.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { EnrichedListing, FeaturizedListing } from '#schemas/types.ts'
import { explanationOf } from './explanation.ts'
import { createScorerProcessor, type UnusableModel, type UsableModel } from './scorer.ts'

const featureSetHash = 'f'.repeat(64)
const level = Math.log(30)

/** Says as quantiles the first number of the vector, plus 0 to 4; as novelty the second. */
const echo: Predict = (vectors, levels) => ({
  quantilesUsd: Float64Array.from(
    { length: levels.length * 5 },
    (_, index) => (vectors[Math.floor(index / 5) * 2] as number) + (index % 5),
  ),
  novelty: Float64Array.from(levels, (_, row) => vectors[row * 2 + 1] as number),
})

const usable = (change: Partial<UsableModel> = {}): UsableModel => ({
  featureSetHash,
  vectorWidth: 2,
  trainedUntil: 1_650_000_000_000,
  source: 'recorded',
  columnNames: ['price', 'strangeness'],
  learntColumns: new Set(['price', 'strangeness']),
  predict: echo,
  ask: null,
  explain: null,
  ...change,
})

function featurized(numbers: readonly number[], listing: Partial<EnrichedListing> = {}): FeaturizedListing {
  const vector = Buffer.from(Float32Array.from(numbers).buffer)
  return { featureSet: 'test', featureSetHash, vector, listing: { ...sampleScored.listing, modelId: 'model-a', ...listing } }
}

function score(
  values: readonly FeaturizedListing[],
  models: Record<string, UsableModel | UnusableModel>,
  referenceLevel: number | null = level,
) {
  const processor = createScorerProcessor({
    model: (modelId) => models[modelId],
    featureSet: () => ({ levelOf: () => referenceLevel }),
    reasonOf: (feature) => `its ${feature}`,
    backend: 'wasm',
    codeVersion: '1.2.3',
  })
  const inputs = values.map((value, offset) => ({
    value,
    record: { topic: 'listings.features', partition: 0, offset, timestamp: 0, key: null, headers: {} },
  }))
  return processor.process(inputs, null)
}

const codes = (results: ReturnType<typeof score>) => results.map((result) => (result.type === 'reject' ? result.code : result.type))

describe('scorer', () => {
  test('turns a vector into a scored listing, keyed by its axie, that says which model, backend and code priced it', () => {
    const value = featurized([100, 0.25])
    expect(score([value], { 'model-a': usable() })).toEqual([
      {
        type: 'emit',
        outputs: [
          {
            topic: 'listings.scored',
            key: 'axie:5016355',
            value: {
              listing: value.listing,
              modelId: 'model-a',
              featureSetHash,
              modelTrainedUntil: 1_650_000_000_000,
              quantilesUsd: { q05: 100, q25: 101, q50: 102, q75: 103, q95: 104 },
              novelty: 0.25,
              backend: 'wasm',
              codeVersion: '1.2.3',
              explanation: null,
              mean: expect.closeTo(102, 9),
              exit: null,
              demand: null,
              unseen: [],
            },
          },
        ],
      },
    ])
  })

  test('asks each model once per batch, with all its listings and their levels, and answers in the order of the batch', () => {
    const first = vi.fn(echo)
    const second = vi.fn(echo)
    const results = score(
      [featurized([1, 0]), featurized([2, 0], { modelId: 'model-b' }), featurized([3, 0]), featurized([4, 0], { modelId: null })],
      { 'model-a': usable({ predict: first }), 'model-b': usable({ predict: second }) },
    )
    expect(first.mock.calls).toEqual([[Float32Array.from([1, 0, 3, 0]), Float64Array.from([level, level])]])
    expect(second).toHaveBeenCalledOnce()
    const forecasts = results.map((result) => (result.type === 'emit' ? result.outputs[0]?.value.quantilesUsd.q05 : null))
    expect(forecasts).toEqual([1, 2, 3, null])
  })

  test('what the heads say of each ask stands beside the forecast; demand is at its median, by hours that are all watched', () => {
    const ask = vi.fn(() => ({
      exitUsd: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
      demandRates: Float64Array.of(0, 0, 0, 0, 0.1, 0, 0, 1),
    }))
    const results = score([featurized([100, 0]), featurized([200, 0])], { 'model-a': usable({ ask }) })
    const [first, second] = results.map((result) => (result.type === 'emit' ? result.outputs[0]?.value : undefined))
    expect(ask).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        asksUsd: Float64Array.of(80, 80),
        alike: [sampleScored.listing.context.alike, sampleScored.listing.context.alike],
      }),
    )
    expect(first?.exit).toEqual({ q05: 1, q25: 2, q50: 3, q75: 4, q95: 5 })
    expect(first?.demand).toEqual({ usd: 102, h1: 0, h6: 0, h24: 0, h72: 0 })
    expect(second?.demand).toEqual({
      usd: 202,
      h1: expect.closeTo(0.095, 3),
      h6: expect.closeTo(0.095, 3),
      h24: expect.closeTo(0.095, 3),
      h72: 1,
    })
  })

  test('says why, where the lower quartile is above the ask: reasons, largest first, that add up to the median', () => {
    const explain = vi.fn(() => Float64Array.of(0.1, -0.3, 9))
    const [dear, cheap] = [featurized([70, 0]), featurized([100, 0])]
    const explanations = score([dear, cheap], { 'model-a': usable({ explain }) }).map((result) =>
      result.type === 'emit' ? result.outputs[0]?.value.explanation : undefined,
    )
    expect(cheap.listing.ask.usd).toBe(80)
    expect(explanations[0]).toBeNull()
    expect(explain.mock.calls).toEqual([[Float32Array.from([100, 0])]])
    expect(explanations[1]?.contributions).toEqual([
      { reason: 'its strangeness', effect: -0.3, feature: 'strangeness' },
      { reason: 'its price', effect: 0.1, feature: 'price' },
    ])
    expect(Math.exp((explanations[1]?.base ?? 0) - 0.2)).toBeCloseTo(102)
  })

  test('features about the same thing are one reason, named after the strongest of them', () => {
    const effects = Float64Array.of(0.25, -0.05, 0.1, 0)
    const reasonOf = (feature: string) => (feature.startsWith('c4') ? 'sales of its like' : 'its age')
    const { contributions } = explanationOf(effects, ['c4.last', 'c4.median', 'token_number'], reasonOf, sampleScored.quantilesUsd)
    expect(contributions).toEqual([
      { reason: 'sales of its like', effect: 0.2, feature: 'c4.last' },
      { reason: 'its age', effect: 0.1, feature: 'token_number' },
    ])
  })

  test('refuses a listing that it cannot price, and says why', () => {
    const models = {
      'model-a': usable(),
      'model-b': usable({ featureSetHash: 'e'.repeat(64) }),
      'model-c': { code: 'model_corrupt' as const, message: 'model model-c: weights.bin is damaged' },
    }
    expect(
      codes(
        score(
          [
            featurized([1, 0], { modelId: null }),
            featurized([1, 0], { modelId: 'model-b' }),
            featurized([1, 0], { modelId: 'model-c' }),
            featurized([1, 0, 0]),
            featurized([1, 0], { source: 'live' }),
            featurized([Number.NaN, 0]),
            featurized([1, 0]),
          ],
          models,
        ),
      ),
    ).toEqual(['no_model', 'feature_set_mismatch', 'model_corrupt', 'bad_vector', 'model_source_mismatch', 'no_forecast', 'emit'])
  })

  test('refuses a listing seen before the market has a level', () => {
    expect(codes(score([featurized([1, 0])], { 'model-a': usable() }, null))).toEqual(['no_level'])
  })

  test('a model that was not loaded before the batch is our own mistake, not the record’s', () => {
    expect(() => score([featurized([1, 0])], {})).toThrow('was not loaded')
  })
})
