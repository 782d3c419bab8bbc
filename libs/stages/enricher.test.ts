import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  exchangeRateEvent,
  listingAgainEvent,
  listingEvent,
  listingIdOf,
  modelPromotedEvent,
  type Observation,
  payloadOf,
  rulesChangedEvent,
  saleEvent,
  saleIdOf,
} from '#lib/market/event.ts'
import { type MarketState, sizesOf } from '#lib/market/fold/market-state.ts'
import { horizonMillis } from '#lib/market/horizons.ts'
import { noItemModels } from '#lib/market/item-model.ts'
import { usdToWei } from '#lib/market/money.ts'
import { anyMarket, sampleItems, sampleProfiles } from '#lib/market/testing/market-samples.ts'
import type { Input, Result } from '#lib/stream/processor.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { formatMetadata } from '#lib/stream/runtime/offset-metadata.ts'
import type { Ask, EnrichedListing, Item, Listing, MarketEvent } from '#schemas/types.ts'
import { createEnricherProcessor } from './enricher.ts'

const noon = 1_700_000_000_000
const minute = 60_000
const seen = (observedAt: number, origin: Observation['origin'] = 'live'): Observation => ({ observedAt, origin, source: 'synthetic' })
const item = sampleItems[0] as Item

const fixedAsk: Ask = {
  kind: 'fixed',
  paymentToken: 'weth',
  basePriceWei: '10000000000000000',
  endedPriceWei: '10000000000000000',
  currentPriceWei: '10000000000000000',
  currentPriceUsd: '30',
  startedAt: noon,
  durationSeconds: 0,
}
const listing = (changes: Partial<Listing> = {}, ask: Partial<Ask> = {}): Listing => {
  const startedAt = ask.startedAt ?? noon
  const offered = changes.item ?? item
  return { listingId: listingIdOf(offered.tokenId, startedAt), item: offered, seller: '0xa', ask: { ...fixedAsk, ...ask }, ...changes }
}
const sale = (soldAt: number, usd: number, sold: Item = item): MarketEvent =>
  saleEvent(
    {
      saleId: saleIdOf(sold.tokenId, { txHash: null, soldAt }),
      item: sold,
      soldAt,
      priceWei: usdToWei(usd, 3_000),
      priceUsd: String(usd),
      seller: null,
      buyer: null,
      txHash: null,
    },
    seen(soldAt),
  )

const input = (value: MarketEvent, offset: number): Input<MarketEvent> => ({
  value,
  record: { topic: 'market.events', partition: 0, offset, timestamp: 0, key: 'axie', headers: {} },
})
const enricherProcessor = createEnricherProcessor({ itemModels: noItemModels })

const run = (events: readonly MarketEvent[], state: MarketState = enricherProcessor.initial(undefined)): Result<EnrichedListing>[] =>
  enricherProcessor.process(events.map(input), state)

const enriched = (result: Result<EnrichedListing> | undefined): EnrichedListing => {
  if (result?.type !== 'emit' || result.outputs[0] === undefined) throw new Error(`expected an output, found ${JSON.stringify(result)}`)
  return result.outputs[0].value
}

describe('the enricher', () => {
  it('emits a live listing once, keyed by its axie, with what is known of the market and who decides', () => {
    const results = run([
      modelPromotedEvent({ modelId: 'm1', featureSetHash: 'f', reason: '' }, seen(noon - 3 * minute)),
      rulesChangedEvent({ rulesHash: 'r1', rules: '{}', reason: '' }, seen(noon - 3 * minute)),
      sale(noon - 2 * minute, 20, sampleItems[1]),
      listingEvent(listing(), seen(noon + 1_000)),
      listingEvent(listing(), seen(noon + 9_000)),
    ])
    expect(results.slice(0, 3)).toEqual(['model_promoted', 'rules_changed', 'sale'].map((reason) => ({ type: 'skip', reason })))
    expect(results[3]).toMatchObject({ type: 'emit', outputs: [{ topic: 'listings.enriched', key: 'axie:1' }] })
    expect(enriched(results[3])).toMatchObject({
      listingId: `axie:1:${noon}`,
      observedAt: noon + 1_000,
      item: sampleProfiles[0],
      seller: '0xa',
      ask: { kind: 'fixed', eth: 0.01, usd: 30 },
      context: { asOf: noon + 1_000, similarSales: [{ tokenId: '2', usd: 20, identical: true, relative: null }], sellerListings: 0 },
      modelId: 'm1',
      rulesHash: 'r1',
    })
    expect(results[4]).toEqual({ type: 'skip', reason: 'duplicate' })
  })

  it('emits a Dutch listing again when it is told at a lower price', () => {
    const again = listing({}, { kind: 'dutch', currentPriceWei: '9000000000000000', currentPriceUsd: '27', durationSeconds: 60 })
    const results = run([listingEvent(listing(), seen(noon)), listingAgainEvent(again, seen(noon + minute))])
    expect(results.map((result) => enriched(result).ask.usd)).toEqual([30, 27])
    expect(results.map((result) => enriched(result).context.sellerListings)).toEqual([0, 0])
  })

  it('folds backfill without emitting', () => {
    const state = enricherProcessor.initial(undefined)
    expect(run([listingEvent(listing(), seen(noon, 'backfill'))], state)).toEqual([{ type: 'skip', reason: 'backfill' }])
    expect(sizesOf(state).openAsks).toBe(1)
  })

  it('skips eggs', () => {
    expect(run([listingEvent(listing({ item: { ...item, parts: [] } }), seen(noon))])).toEqual([{ type: 'skip', reason: 'egg' }])
  })

  it('skips a listing whose dollars nobody knows', () => {
    expect(run([listingEvent(listing({}, { currentPriceUsd: null }), seen(noon))])).toMatchObject([
      { type: 'reject', code: 'no_exchange_rate' },
    ])
  })

  it.each([
    ['unknown_class', listing({ item: { ...item, class: 'Dragon' } })],
    ['unknown_part', listing({ item: { ...item, parts: ['wings-of-glass'] } })],
    ['bad_breed_count', listing({ item: { ...item, breedCount: 8 } })],
    ['bad_price', listing({}, { currentPriceWei: '0' })],
    ['bad_price', listing({}, { currentPriceWei: '-1' })],
    ['bad_price', listing({}, { currentPriceWei: `1${'0'.repeat(40)}` })],
    ['bad_price', listing({}, { currentPriceUsd: 'NaN' })],
    ['future_event', listing({}, { startedAt: noon + 5 * minute + 1 })],
  ])('refuses %s, and stands as before', (code, bad) => {
    const [alone, disturbed] = [enricherProcessor.initial(undefined), enricherProcessor.initial(undefined)]
    const before = sale(noon - minute, 20, sampleItems[1])
    const after = listingEvent(listing({}, { startedAt: noon - minute }), seen(noon + minute))
    const refused = listingEvent(bad, seen(noon))
    const [, result, emitted] = run([before, refused, after], disturbed)
    expect(result).toMatchObject({ type: 'reject', code })
    expect([emitted]).toEqual(run([before, after], alone).slice(1))
    expect(sizesOf(disturbed)).toEqual(sizesOf(alone))
  })

  it('takes genes of 512 bits for what they are: no reason to refuse', () => {
    const [result] = run([listingEvent(listing({ item: { ...item, genes: `0x${'3'.repeat(128)}` } }), seen(noon))])
    expect(enriched(result).item).toMatchObject({ geneQuality: null, parts: sampleProfiles[0]?.parts })
  })
})

describe('its laws', () => {
  it('one result for each event, whatever the log holds', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), (events) => {
        expect(run(events)).toHaveLength(events.length)
      }),
      { numRuns: 100 },
    )
  })

  it('however the log is cut into batches, the results are the same', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 60 }), (events, lengths) => {
        const state = enricherProcessor.initial(undefined)
        const results: Result<EnrichedListing>[] = []
        for (let [begun, turn] = [0, 0]; begun < events.length; turn += 1) {
          const length = lengths[turn] as number
          results.push(...run(events.slice(begun, begun + length), state))
          begun += length
        }
        expect(results).toEqual(run(events))
      }),
      { numRuns: 100 },
    )
  })

  it('nothing at or after an event is in its context: another future changes nothing before it', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 40 }), anyMarket({ min: 1, max: 40 }), fc.nat(40), (events, others, cut) => {
        const past = events.slice(0, cut)
        expect(run([...past, ...others]).slice(0, past.length)).toEqual(run(events).slice(0, past.length))
      }),
      { numRuns: 100 },
    )
  })

  it('twice the ask, the same context: no number may know the price it is meant to judge', () => {
    const doubled = (text: string): string => (BigInt(text) * 2n).toString()
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), (events) => {
        const last = listing({}, { startedAt: (events.at(-1)?.observedAt ?? 0) - 1 })
        const { ask } = last
        const dearer = {
          ...last,
          ask: { ...ask, basePriceWei: doubled(ask.basePriceWei), currentPriceWei: doubled(ask.currentPriceWei), currentPriceUsd: '60' },
        }
        const contextOf = (offer: Listing) => enriched(run([...events, listingEvent(offer, seen(offer.ask.startedAt + 1))]).at(-1)).context
        expect(contextOf(dearer)).toEqual(contextOf(last))
      }),
      { numRuns: 100 },
    )
  })

  it('a runner that restores it from what a commit remembers goes on as if nothing had happened', { timeout: 60_000 }, () => {
    const beginning = { offset: 0, clock: null, carry: undefined }
    let restoredLater = 0
    fc.assert(
      fc.property(anyMarket({ min: 30, max: 120 }), fc.nat(1_000), (events, draw) => {
        const inputs = events.map(input)
        const cut = draw % (inputs.length + 1)
        const undisturbed = createFold(enricherProcessor, beginning)
        undisturbed.apply(inputs.slice(0, cut))
        const remembered = undisturbed.restorePoint()
        if (remembered.offset > 0) restoredLater += 1

        const restored = createFold(enricherProcessor, remembered)
        restored.apply(inputs.slice(remembered.offset, cut))
        expect(restored.apply(inputs.slice(cut))).toEqual(undisturbed.apply(inputs.slice(cut)))
      }),
      { numRuns: 150 },
    )
    expect(restoredLater, 'the property must not be about restores from the beginning only').toBeGreaterThan(30)
  })

  it('a listing in ETH only is a duplicate after a restore, too, that met it in the middle without a rate', () => {
    const day = 24 * 60 * minute
    const inEthOnly = listingEvent(listing({}, { currentPriceUsd: null }), seen(noon + minute))
    const metAgain = (at: number): MarketEvent => ({ ...inEthOnly, observedAt: at })
    const rules = (at: number) => rulesChangedEvent({ rulesHash: 'r', rules: '{}', reason: '' }, seen(at))
    const events = [exchangeRateEvent({ ethUsd: 3_000 }, seen(noon)), inEthOnly]
    for (let at = noon + 0.25 * day; at <= noon + 30 * day; at += 0.25 * day) events.push(at === noon + 15 * day ? metAgain(at) : rules(at))
    const inputs = events.map(input)

    const undisturbed = createFold(enricherProcessor, { offset: 0, clock: null, carry: undefined })
    expect(undisturbed.apply(inputs)[1]).toMatchObject({ type: 'emit' })
    const remembered = undisturbed.restorePoint()
    expect(remembered.offset, 'the restore must not see the rate').toBeGreaterThan(1)
    const restored = createFold(enricherProcessor, remembered)
    restored.apply(inputs.slice(remembered.offset))
    const last = [input(metAgain(noon + 30 * day + minute), inputs.length)]
    expect(undisturbed.apply(last)).toEqual([{ type: 'skip', reason: 'duplicate' }])
    expect(restored.apply(last)).toEqual([{ type: 'skip', reason: 'duplicate' }])
  })

  it('what is refused for want of a rate is met all the same: it may come again, and is a duplicate', () => {
    const inEthOnly = listing({}, { currentPriceUsd: null })
    const results = run([
      listingEvent(inEthOnly, seen(noon)),
      exchangeRateEvent({ ethUsd: 3_000 }, seen(noon + minute)),
      listingEvent(inEthOnly, seen(noon + 2 * minute)),
    ])
    expect(results).toMatchObject([{ code: 'no_exchange_rate' }, { reason: 'exchange_rate' }, { reason: 'duplicate' }])
  })

  it.each<[string, MarketEvent]>([
    ['a rules hash', rulesChangedEvent({ rulesHash: 'x'.repeat(5_000), rules: '{}', reason: '' }, seen(noon))],
    ['a model id', modelPromotedEvent({ modelId: 'x'.repeat(5_000), featureSetHash: 'f', reason: '' }, seen(noon))],
    ['a hash of a feature set', modelPromotedEvent({ modelId: 'm', featureSetHash: '\u0001'.repeat(201), reason: '' }, seen(noon))],
    ['a seller', listingEvent(listing({ seller: 'x'.repeat(5_000) }), seen(noon))],
    ['an event id', { ...sale(noon, 20), eventId: 'x'.repeat(5_000) }],
    ['the id of a part', listingEvent(listing({ item: { ...item, parts: item.parts.map(() => 'x'.repeat(5_000)) } }), seen(noon))],
    [
      'more parts than an axie has',
      listingEvent(listing({ item: { ...item, parts: Array.from({ length: 20_000 }, () => item.parts[0]!) } }), seen(noon)),
    ],
  ])('refuses what nobody can store, before it is remembered: %s', (_what, event) => {
    const state = enricherProcessor.initial(undefined)
    expect(run([event], state)).toMatchObject([{ type: 'reject', code: 'field_too_long' }])
    expect(enricherProcessor.memory?.clockOf(input(event, 0))).toBeNaN()
    expect(enricherProcessor.memory?.carry?.(state)).toEqual({
      modelId: null,
      featureSetHash: null,
      rulesHash: null,
      modelSince: null,
      barred: [],
    })
  })

  it('carries ids of the greatest length in what a commit remembers', () => {
    const longest = '\u0001'.repeat(200)
    const fold = createFold(enricherProcessor, { offset: 0, clock: null, carry: undefined })
    fold.apply([
      input(modelPromotedEvent({ modelId: longest, featureSetHash: longest, reason: '' }, seen(noon)), 0),
      input(rulesChangedEvent({ rulesHash: longest, rules: '{}', reason: '' }, seen(noon + 1)), 1),
      ...Array.from({ length: 80 }, (_, index) => input(sale(noon + index * 8 * 60 * minute, 20), index + 2)),
    ])
    expect(formatMetadata(fold.restorePoint()).length).toBeLessThan(4_096)
  })

  it('what it declares of its memory: its horizon, its time, and what it carries', () => {
    const state = enricherProcessor.initial({ modelId: 'm1', rulesHash: null })
    expect(enricherProcessor.memory?.horizonMillis).toBe(horizonMillis)
    expect(enricherProcessor.memory?.carry?.(state)).toEqual({
      modelId: 'm1',
      featureSetHash: null,
      rulesHash: null,
      modelSince: null,
      barred: [],
    })
    expect(enricherProcessor.memory?.clockOf(input(sale(noon, 20), 0))).toBe(noon)
    const refused = listingEvent(listing({}, { currentPriceWei: '0' }), seen(noon))
    expect(enricherProcessor.memory?.clockOf(input(refused, 0)), 'a refused event moves no clock').toBeNaN()
    expect(payloadOf(refused).kind).toBe('Listing')
  })
})
