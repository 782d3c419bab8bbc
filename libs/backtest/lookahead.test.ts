import { describe, expect, test } from 'vitest'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { defineFeatureSet, type Feature, type FeatureSet } from '#lib/features/feature-set.ts'
import { modelPromotedEvent, payloadOf, saleEvent } from '#lib/market/event.ts'
import { noItemModels } from '#lib/market/item-model.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { UsableModel } from '#lib/stages/scorer.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { EnrichedListing, MarketEvent, Sale } from '#schemas/types.ts'
import { createChain } from './chain.ts'
import { withListings } from './listings-from-sales.ts'
import { compareTraces, createTracer, isLeakFree, type Traced, type Tracer } from './lookahead.ts'
import { checkWithinSecond } from './within-second.ts'

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
    learntColumns: new Set(),
    ask: null,
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

const chainOf = (featureSet: FeatureSet, { onFeatures, onDecided }: Tracer) => {
  const model = modelOf(featureSet)
  return createChain({
    featureSet: () => featureSet,
    itemModels: { ...noItemModels, begin: () => {}, load: async () => {}, preloadAll: async () => {}, preload: async () => {} },
    models: { load: async () => {}, get: () => model },
    rules: createRulesStore(createMemoryStore()),
    backend: 'none',
    codeVersion: 'test',
    partitions: 3,
    onDecided,
    onFeatures,
  })
}

async function play(events: readonly MarketEvent[], featureSet: FeatureSet): Promise<readonly Traced[]> {
  const tracer = createTracer()
  const observation = { observedAt: first.eventTime - 2, origin: 'live', source: 'synthetic' } as const
  const promotion = modelPromotedEvent({ modelId: 'm', featureSetHash: featureSet.hash, reason: 'test' }, observation)
  await chainOf(featureSet, tracer).play([promotion, ...withListings(events)])
  return tracer.trace
}

const compare = async (featureSetFrom: (events: readonly MarketEvent[]) => FeatureSet) => {
  const [featureSet] = [featureSetFrom(sales)]
  const [whole, cut] = [await play(sales, featureSet), await play(before, featureSetFrom(before))]
  const featureNames = featureSet.features.map(({ name }) => name)
  return compareTraces(whole, cut, { cutAt, margin: 1_001, featureNames })
}

const saleOf = (event: MarketEvent): Sale => payloadOf(event).value as Sale
const honestly = { models: { compared: 1, differing: null }, withinSecond: { seconds: 1, listings: 1, leak: null } }

describe('the look-ahead check', { timeout: 30_000 }, () => {
  test('finds nothing in our features, scores and alerts', async () => {
    const result = await compare(() => axieFeatures)
    expect(result.leak).toBeNull()
    expect(result.compared).toBeGreaterThan(250)
    expect(isLeakFree({ ...result, ...honestly })).toBe(true)
  })

  test('finds a planted feature that knows what the same axie will be sold for next, and names it', async () => {
    const leaking = await compare((events) => {
      const prices = new Map(events.map(saleOf).map(({ item, priceUsd }) => [item.tokenId, Number(priceUsd)]))
      return withFeature(more('next_price', ({ item }) => prices.get(item.tokenId) ?? Number.NaN))
    })
    expect(leaking.leak).toMatchObject({ what: 'features', features: ['next_price'] })
    expect(isLeakFree({ ...leaking, ...honestly })).toBe(false)
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
    const traced: Traced = { listingId: 'a', observedAt: 1, vector: Buffer.alloc(4), forecast: 'f', score: 's', alerts: 'n' }
    const options = { cutAt: 10, margin: 0, featureNames: ['one'] }
    expect(compareTraces([traced], [{ ...traced }], options).leak).toBeNull()
    expect(compareTraces([traced], [{ ...traced, ...change }], options).leak).toMatchObject({ what })
    expect(compareTraces([traced, traced], [traced], options).leak).toMatchObject({ what: 'listings' })
    expect(compareTraces([traced], [traced, traced], options).leak).toMatchObject({ what: 'listings' })
  })

  test('a day whose model came out another is a leak of the training', () => {
    expect(isLeakFree({ cutAt: 1, compared: 5, leak: null, ...honestly, models: { compared: 2, differing: 1 } })).toBe(false)
  })
})

describe('within a second', { timeout: 30_000 }, () => {
  const from = (sales[100] as MarketEvent).eventTime
  const to = (sales.at(-1) as MarketEvent).eventTime + 1
  const model = { from, to, modelId: 'm', featureSetHash: axieFeatures.hash, trainedUntil: from - 1, trainedOnSales: 100 }

  /** Three sales in each second of them, as a market that is settled in blocks. */
  const inBlocks = sales.map((event, index) => {
    const { eventTime } = sales[index - (index % 3)] as MarketEvent
    return saleEvent({ ...saleOf(event), soldAt: eventTime }, { observedAt: eventTime, origin: 'live', source: 'synthetic' })
  })

  const check = (featureSet: FeatureSet, listings?: typeof withListings) =>
    checkWithinSecond({
      events: inBlocks,
      models: [model],
      samples: 4,
      featureNames: featureSet.features.map(({ name }) => name),
      ...(listings === undefined ? {} : { listings }),
      open: async (tracer) => ({
        chain: chainOf(featureSet, tracer),
        opening: (_, history) => {
          const observation = { observedAt: (history[0] as MarketEvent).eventTime - 1, origin: 'live', source: 'synthetic' } as const
          return [modelPromotedEvent({ modelId: 'm', featureSetHash: featureSet.hash, reason: 'test' }, observation), ...history]
        },
      }),
    })

  test('nothing of ours changes with its own sale, its neighbours in the second, or what comes after', async () => {
    expect(await check(axieFeatures)).toEqual({ seconds: 4, listings: 12, leak: null })
  })

  test('finds listings that come after the sales of their second: the cut does not', async () => {
    function* tooLate(events: Iterable<MarketEvent>) {
      const played = [...withListings(events)]
      yield* played.filter((event) => payloadOf(event).kind === 'Sale')
      for (const event of played) if (payloadOf(event).kind === 'Listing') yield { ...event, observedAt: event.observedAt + 2 }
    }
    const { leak } = await check(axieFeatures, tooLate)
    expect(leak).toMatchObject({ what: 'features' })
    expect(leak?.features.length).toBeGreaterThan(0)
  })

  test('finds a feature that reads the ask, which is the price that is to be forecast', async () => {
    const asking = withFeature(more('ask', (listing) => (listing as unknown as EnrichedListing).ask.usd))
    expect((await check(asking)).leak).toMatchObject({ what: 'features', features: ['ask'] })
  })

  test('finds listings that know how many are sold in their second, whatever the prices', async () => {
    function* counted(events: Iterable<MarketEvent>) {
      const played = [...events]
      for (const event of withListings(played))
        yield payloadOf(event).kind === 'Listing' ? { ...event, observedAt: event.observedAt - played.length } : event
    }
    const clock = withFeature(more('clock', ({ context }) => (context as unknown as { asOf: number }).asOf % 1_000))
    expect((await check(clock, counted)).leak).not.toBeNull()
  })
})
