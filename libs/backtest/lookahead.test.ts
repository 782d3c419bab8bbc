import { describe, expect, test } from 'vitest'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { defineFeatureSet, type Feature, type FeatureSet } from '#lib/features/feature-set.ts'
import { modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { noItemModels } from '#lib/market/item-model.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { UsableModel } from '#lib/stages/scorer.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { createChain } from './chain.ts'
import { withListings } from './listings-from-sales.ts'
import { compareTraces, createTracer, isLeakFree, type Traced } from './lookahead.ts'

const sales = someSales(400, 5)
const [first] = sales as [MarketEvent]
const cutAt = (sales[300] as MarketEvent).eventTime
const before = sales.filter(({ eventTime }) => eventTime < cutAt)

/** Forecasts half of a feature's value above the level: enough for a score to tell when a feature did. */
const modelOf = (featureSet: FeatureSet): UsableModel => {
  const width = featureSet.features.length
  return {
    featureSetHash: featureSet.hash,
    vectorWidth: width,
    trainedUntil: first.eventTime,
    source: 'synthetic',
    columnNames: featureSet.features.map(({ name }) => name),
    explain: null,
    predict: (vectors, levels) => ({
      quantilesUsd: Float64Array.from({ length: levels.length * 5 }, (_, index) => {
        const row = Math.floor(index / 5)
        const last = vectors[(row + 1) * width - 1] as number
        return Math.exp((levels[row] as number) + (Number.isNaN(last) ? 0 : last / 100) + 0.2 * ((index % 5) - 2))
      }),
      novelty: new Float64Array(levels.length),
    }),
  }
}

/** The axie features and one more, which may look at everything it is given. */
const withFeature = (feature: Feature): FeatureSet =>
  defineFeatureSet({ ...axieFeatures, name: 'with-one-more', features: [...axieFeatures.features, feature] })

const more = (name: string, read: Feature['read']): Feature => ({ name, kind: 'number', description: name, source: name, read })

async function play(events: readonly MarketEvent[], featureSet: FeatureSet): Promise<readonly Traced[]> {
  const tracer = createTracer()
  const model = modelOf(featureSet)
  const chain = createChain({
    featureSet: () => featureSet,
    itemModels: { ...noItemModels, begin: () => {}, load: async () => {}, preload: async () => {} },
    models: { load: async () => {}, get: () => model },
    rules: createRulesStore(createMemoryStore()),
    backend: 'none',
    codeVersion: 'test',
    partitions: 3,
    onDecided: tracer.onDecided,
    onFeatures: tracer.onFeatures,
  })
  const observation = { observedAt: first.eventTime - 2, origin: 'live', source: 'synthetic' } as const
  const promotion = modelPromotedEvent({ modelId: 'm', featureSetHash: featureSet.hash, reason: 'test' }, observation)
  await chain.play([promotion, ...withListings(events)])
  return tracer.trace
}

const compare = async (featureSetFrom: (events: readonly MarketEvent[]) => FeatureSet) => {
  const [featureSet] = [featureSetFrom(sales)]
  const [whole, cut] = [await play(sales, featureSet), await play(before, featureSetFrom(before))]
  const featureNames = featureSet.features.map(({ name }) => name)
  return compareTraces(whole, cut, { cutAt, margin: 1_001, featureNames })
}

const saleOf = (event: MarketEvent): Sale => payloadOf(event).value as Sale
const models = { compared: 1, differing: null }

describe('the look-ahead check', () => {
  test('finds nothing in our features, scores and alerts', async () => {
    const result = await compare(() => axieFeatures)
    expect(result.leak).toBeNull()
    expect(result.compared).toBeGreaterThan(250)
    expect(isLeakFree({ ...result, models })).toBe(true)
  })

  test('finds a planted feature that knows what the same axie will be sold for next, and names it', async () => {
    const leaking = await compare((events) => {
      const prices = new Map(events.map(saleOf).map(({ item, priceUsd }) => [item.tokenId, Number(priceUsd)]))
      return withFeature(more('next_price', ({ item }) => prices.get(item.tokenId) ?? Number.NaN))
    })
    expect(leaking.leak).toMatchObject({ what: 'features', features: ['next_price'] })
    expect(isLeakFree({ ...leaking, models })).toBe(false)
  })

  test('finds a planted feature that was scaled by the mean of all prices, later ones included', async () => {
    const leaking = await compare((events) => {
      const mean = events.map(saleOf).reduce((sum, { priceUsd }) => sum + Number(priceUsd), 0) / events.length
      return withFeature(more('scaled_purity', ({ item }) => item.purity / mean))
    })
    expect(leaking.leak).toMatchObject({ what: 'features', features: ['scaled_purity'] })
    expect(leaking.compared).toBeLessThan(5)
  })

  test('does not take for a leak what is known at the listing', async () => {
    const honest = await compare(() => withFeature(more('id_digit', ({ item }) => Number(item.tokenId) % 10)))
    expect(honest.leak).toBeNull()
  })

  test.each([
    ['a score', { score: 'another' }, 'score'],
    ['an alert', { alerts: 'another' }, 'alerts'],
    ['a listing', { listingId: 'another' }, 'listings'],
  ])('finds %s that came out another', (_, change, what) => {
    const traced: Traced = { listingId: 'a', observedAt: 1, vector: Buffer.alloc(4), score: 's', alerts: 'n' }
    const options = { cutAt: 10, margin: 0, featureNames: ['one'] }
    expect(compareTraces([traced], [{ ...traced }], options).leak).toBeNull()
    expect(compareTraces([traced], [{ ...traced, ...change }], options).leak).toMatchObject({ what })
    expect(compareTraces([traced, traced], [traced], options).leak).toMatchObject({ what: 'listings' })
    expect(compareTraces([traced], [traced, traced], options).leak).toMatchObject({ what: 'listings' })
  })

  test('a day whose model came out another is a leak of the training', () => {
    expect(isLeakFree({ cutAt: 1, compared: 5, leak: null, models: { compared: 2, differing: 1 } })).toBe(false)
  })
})
