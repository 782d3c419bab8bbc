import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { profileOf } from '#lib/axie/profile.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { vectorOf } from '#lib/features/feature-set.ts'
import { payloadOf } from '#lib/market/event.ts'
import { contextFor } from '#lib/market/fold/context.ts'
import { applyEvent } from '#lib/market/fold/fold.ts'
import { initialMarketState } from '#lib/market/fold/market-state.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { buildDataset } from './dataset.ts'
import { firstSaleAt, saleAt, someSales } from './testing/sales-samples.ts'

const width = axieFeatures.features.length
const build = (events: readonly MarketEvent[]) => buildDataset(events, axieFeatures, { itemModel: null })
const saleIn = (event: MarketEvent | undefined): Sale => payloadOf(event as MarketEvent).value as Sale

/** The same sale at another price. */
const repriced = (event: MarketEvent, usd: number): MarketEvent => {
  const { soldAt, item } = saleIn(event)
  return saleAt(soldAt, item, usd)
}

describe('the dataset', () => {
  test('has one example for each sale but the first ones: the level, the vector, and what was paid', () => {
    const events = someSales(200, 1)
    const { examples, times, historyOnly } = build(events)
    expect(historyOnly).toBe(10)
    expect(times.length).toBe(190)
    expect(examples.vectors.length).toBe(190 * width)
    const { soldAt, priceUsd } = saleIn(events[10])
    expect(times[0]).toBe(soldAt)
    expect(Math.exp(examples.logPrices[0] as number)).toBeCloseTo(Number(priceUsd))
  })

  test('an example is what a listing of that axie would have been given just before', () => {
    const events = someSales(120, 2)
    const { examples } = build(events)
    const state = initialMarketState()
    for (const event of events.slice(0, 117)) applyEvent(state, event)
    const { item, soldAt } = saleIn(events[117])
    const profile = profileOf(item)
    const context = contextFor(state, profile, { seller: '0xseller', listingId: 'axie:1:2', observedAt: soldAt })
    const row = 117 - 6
    expect(examples.levels[row]).toBe(axieFeatures.levelOf(context))
    expect(examples.vectors.slice(row * width, (row + 1) * width)).toEqual(vectorOf(axieFeatures, { item: profile, context }))
  })

  test('sales of one second do not see each other: the price of one changes no vector of the others', () => {
    const events = someSales(100, 3)
    const together = events.findIndex((event, index) => index > 60 && event.eventTime === events[index + 1]?.eventTime)
    const changed = events.with(together, repriced(events[together] as MarketEvent, 100_000))
    const [before, after] = [build(events), build(changed)]
    const upTo = (together + 2 - before.historyOnly) * width
    expect(after.examples.vectors.slice(0, upTo)).toEqual(before.examples.vectors.slice(0, upTo))
    expect(after.examples.vectors).not.toEqual(before.examples.vectors)
  })

  test('the future changes no example of the past, wherever it is cut', () => {
    // Longer than the warm-up at any cut: 5% of the rows, so compare from the end of the longest one.
    const events = someSales(300, 4)
    const whole = build(events)
    fc.assert(
      fc.property(fc.integer({ min: 40, max: 299 }), (cut) => {
        const sameSecond = events[cut]?.eventTime === events[cut - 1]?.eventTime
        const part = build(events.slice(0, sameSecond ? cut + 1 : cut))
        const common = whole.historyOnly - part.historyOnly
        expect(part.examples.vectors.slice(common * width)).toEqual(
          whole.examples.vectors.slice(0, part.examples.vectors.length - common * width),
        )
      }),
      { numRuns: 25 },
    )
  })

  test('an egg is no example', () => {
    const egg = { tokenId: '7', class: 'Aquatic', breedCount: 0, genes: null, parts: [], image: null }
    const events = someSales(60, 6)
    expect(build(events).times.length).toBe(57)
    expect(build(events.with(59, saleAt(firstSaleAt + 60 * 60_000, egg, 20))).times.length).toBe(56)
  })
})
