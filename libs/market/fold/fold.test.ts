import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import {
  askSeenEvent,
  leaderboardEvent,
  listingEvent,
  listingIdOf,
  type Observation,
  payloadOf,
  rulesChangedEvent,
  saleEvent,
  saleIdOf,
} from '#lib/market/event.ts'
import { horizonMillis } from '#lib/market/horizons.ts'
import { measureDefinitions, measureNames } from '#lib/market/measures/measures.ts'
import { foldOn } from '#lib/market/testing/fold-events.ts'
import { anyMarket, sampleItemModels, sampleItems, sampleProfiles, sparseMarket } from '#lib/market/testing/market-samples.ts'
import { naiveContext } from '#lib/market/testing/naive-market.ts'
import type { Ask, Listing, MarketContext, MarketEvent } from '#schemas/types.ts'
import { contextFor } from './context.ts'
import { applyEvent, isDuplicate } from './fold.ts'
import { carryOf, initialMarketState, type MarketState, sizesOf } from './market-state.ts'

const begin = (carry?: unknown): MarketState => initialMarketState(carry, sampleItemModels)

const fold = (events: readonly MarketEvent[]): MarketState => foldOn(begin(), events)

/** Everything that can be asked of a state: the context of every axie now and in the near future, and which events it would not fold. */
function answers(state: MarketState, events: readonly MarketEvent[]) {
  const times = [0, 3 * dayMillis].map((later) => state.clock + later)
  const contexts = times.flatMap((observedAt) =>
    ['0xa', '0xb'].flatMap((seller) =>
      sampleProfiles.map((profile) => contextFor(state, profile, { seller, listingId: 'none', observedAt })),
    ),
  )
  const duplicates = events.filter((event) => {
    try {
      return isDuplicate(state, { ...event, observedAt: Math.max(state.clock, event.observedAt) })
    } catch {
      return false
    }
  })
  return { contexts, duplicates: duplicates.map(({ eventId }) => eventId), carry: carryOf(state) }
}

const measuresOf = (context: MarketContext): Record<string, number> =>
  Object.fromEntries(measureNames.map((name, index) => [name, context.measures[index] as number]))

/** The clock just after each event. */
function clocksOf(events: readonly MarketEvent[]): number[] {
  const state = begin()
  return events.map((event) => foldOn(state, [event]).clock)
}

/**
 * A state restored at `cut` from the newest point that the horizon allows, or from some events before it, answers as one that never was
 * disturbed does, then and at the end of the log. Returns where it was restored from.
 */
function expectRestorable(events: readonly MarketEvent[], cut: number, earlier = 0): number {
  const clocks = clocksOf(events.slice(0, cut))
  const edge = (clocks.at(-1) ?? Number.NEGATIVE_INFINITY) - horizonMillis
  const from = Math.max(0, clocks.findLastIndex((clock) => clock <= edge) + 1 - earlier)
  const undisturbed = fold(events.slice(0, cut))
  const carry = JSON.parse(JSON.stringify(carryOf(fold(events.slice(0, from)))))
  const restored = foldOn(begin(carry), events.slice(from, cut))
  expect(answers(restored, events)).toEqual(answers(undisturbed, events))
  const rest = events.slice(cut)
  expect(answers(foldOn(restored, rest), events)).toEqual(answers(foldOn(undisturbed, rest), events))
  return from
}

describe('the fold', () => {
  it('agrees with a naive computation from the list of events', { timeout: 60_000 }, () => {
    const profiles = fc.constantFrom(...sampleProfiles)
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 80 }), profiles, fc.constantFrom(0, hourMillis, 5 * dayMillis), (events, profile, later) => {
        const state = begin()
        for (const event of events) {
          foldOn(state, [event])
          // Windows have moved with time, as they do when every listing is asked about.
          contextFor(state, profile, { seller: '', listingId: '', observedAt: event.observedAt })
        }
        const subject = { seller: '', listingId: '', observedAt: Number.isFinite(state.clock) ? state.clock + later : 0 }
        const context = contextFor(state, profile, subject)
        const naive = naiveContext(events, profile, subject)
        expect(context.asOf).toBe(naive.asOf)
        expect(context.ethUsd).toBe(naive.ethUsd)
        expect(context.similarSales.map(({ saleId, usd, relative }) => ({ saleId, usd, relative }))).toEqual(
          naive.similarSales.map((sale) => ({ ...sale, relative: sale.relative === null ? null : expect.closeTo(sale.relative, 9) })),
        )
        expect(context.alike).toEqual(naive.alike)
        const measures = measuresOf(context)
        for (const [name, value] of Object.entries(naive.measures))
          expect({ [name]: measures[name] }).toEqual({ [name]: Number.isNaN(value) ? Number.NaN : expect.closeTo(value, 9) })
      }),
      { numRuns: 400 },
    )
  })

  const markets = [
    { name: 'a busy market', events: anyMarket({ min: 40, max: 120 }), runs: 250 },
    { name: 'a market with weeks between events', events: sparseMarket, runs: 600 },
  ]
  it.each(markets)('restored from any point beyond the horizon stands as if never disturbed: $name', { timeout: 60_000 }, (market) => {
    let restoredLater = 0
    fc.assert(
      fc.property(market.events, fc.nat(1_000), fc.nat(3), (events, cutDraw, earlier) => {
        const cut = cutDraw % (events.length + 1)
        if (expectRestorable(events, cut, earlier) > 0) restoredLater += 1
      }),
      { numRuns: market.runs },
    )
    expect(restoredLater, 'the property must not be about restores from the beginning only').toBeGreaterThan(market.runs / 5)
  })

  it('folds an event once, however often it is met within the horizon', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 40 }), (events) => {
        const twice = events.flatMap((event) => [event, { ...event }])
        expect(answers(fold(twice), events)).toEqual(answers(fold(events), events))
      }),
      { numRuns: 100 },
    )
  })

  it('does not care in which order the sales of one moment are told', () => {
    const order = fc.array(fc.nat(), { minLength: 60, maxLength: 60 })
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 40 }), order, (events, keys) => {
        const sales = events.filter((event) => payloadOf(event).kind === 'Sale')
        const last = Math.max(...sales.map(({ observedAt }) => observedAt))
        const atOnce = sales.map((event): MarketEvent => {
          const payload = payloadOf(event)
          if (payload.kind !== 'Sale') throw new Error('expected sales only')
          const sale = { ...payload.value, soldAt: last }
          return { ...event, observedAt: last, eventTime: last, payload: { 'flipstream.Sale': sale } }
        })
        const unique = atOnce.filter((event, index) => atOnce.findIndex(({ eventId }) => eventId === event.eventId) === index)
        const shuffled = unique
          .map((event, index) => ({ event, key: keys[index] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ event }) => event)
        expect(answers(fold([...events, ...shuffled]), [])).toEqual(answers(fold([...events, ...unique]), []))
      }),
      { numRuns: 100 },
    )
  })

  it('knows history told all at once as if it had been there', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), (events) => {
        const sales = events.flatMap((event) => {
          const payload = payloadOf(event)
          return payload.kind === 'Sale' && payload.value.priceUsd !== null ? [payload.value] : []
        })
        const inOrder = sales.sort((a, b) => a.soldAt - b.soldAt)
        const now = Math.max(0, ...inOrder.map(({ soldAt }) => soldAt))
        const observed = (observedAt: (soldAt: number) => number): MarketEvent[] =>
          inOrder.map((sale) => saleEvent(sale, { observedAt: observedAt(sale.soldAt), origin: 'backfill', source: 'synthetic' }))
        const contexts = (state: MarketState) =>
          sampleProfiles.map((profile) => contextFor(state, profile, { seller: '', listingId: '', observedAt: now }))
        expect(contexts(fold(observed(() => now)))).toEqual(contexts(fold(observed((soldAt) => soldAt))))
      }),
      { numRuns: 100 },
    )
  })

  it('is only read by asking, whatever is asked and when', () => {
    fc.assert(
      fc.property(
        anyMarket({ min: 1, max: 40 }),
        fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 40, maxLength: 40 }),
        (events, days) => {
          const asked = begin()
          for (const [index, event] of events.entries()) {
            foldOn(asked, [event])
            const observedAt = event.observedAt + (days[index] ?? 0) * dayMillis
            for (const profile of sampleProfiles) contextFor(asked, profile, { seller: '0xa', listingId: '', observedAt })
          }
          expect(answers(asked, events)).toEqual(answers(fold(events), events))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('forgets: once everything is out of the horizon, nothing is left in memory', () => {
    fc.assert(
      fc.property(anyMarket({ min: 1, max: 60 }), (events) => {
        const state = fold(events)
        if (!Number.isFinite(state.clock)) return
        const observedAt = state.clock + horizonMillis + 1
        applyEvent(state, {
          eventId: 'last',
          eventTime: observedAt,
          observedAt,
          origin: 'live',
          source: 'synthetic',
          payload: { 'flipstream.RulesChanged': { rulesHash: 'r', rules: '{}', reason: '' } },
        })
        expect(sizesOf(state)).toEqual({ prices: 0, residuals: 0, sales: 0, saleKeys: 0, openAsks: 0, sellers: 0, metIds: 1 })
      }),
      { numRuns: 100 },
    )
  })

  it('refuses to begin from a carry that is not its own', () => {
    expect(() => initialMarketState({ modelId: 7 })).toThrow('expected what the fold once carried')
  })
})

describe('what is met again on the edge of the horizon', () => {
  const item = sampleItems[1]!
  const start = 1_700_000_000_000
  const at = (observedAt: number): Observation => ({ observedAt, origin: 'live', source: 'synthetic' })
  const wei = {
    basePriceWei: '5000000000000000',
    endedPriceWei: '5000000000000000',
    currentPriceWei: '5000000000000000',
    currentPriceUsd: '20',
  }
  const ask: Ask = { kind: 'fixed', paymentToken: 'weth', ...wei, startedAt: start, durationSeconds: 0 }
  const offer: Listing = { listingId: listingIdOf(item.tokenId, start), item, seller: '0xa', ask }
  const tick = (observedAt: number): MarketEvent => rulesChangedEvent({ rulesHash: 'r', rules: '{}', reason: '' }, at(observedAt))
  /** Two milliseconds after `start` left the horizon. */
  const now = start + horizonMillis + 2
  const asksAround = (events: readonly MarketEvent[]): number =>
    contextFor(fold(events), sampleProfiles[0]!, { seller: '', listingId: '', observedAt: now }).similarAskCount

  it('a listing: is on offer again, for a restored fold cannot know that it was met', () => {
    const events = [listingEvent(offer, at(start)), listingEvent(offer, at(now - hourMillis)), tick(now)]
    expect(expectRestorable(events, 3)).toBe(1)
    expect(asksAround(events)).toBe(1)
  })

  it('a sale: ends an ask seen after it once more', () => {
    const sale = { item, soldAt: start + 1, priceWei: '5000000000000000', priceUsd: '20', seller: null, buyer: null, txHash: null }
    const sold = { ...sale, saleId: saleIdOf(item.tokenId, sale) }
    const events = [
      saleEvent(sold, at(start + 1)),
      askSeenEvent(offer, at(now - 2 * hourMillis)),
      saleEvent(sold, at(now - hourMillis)),
      tick(now),
    ]
    expect(expectRestorable(events, 4)).toBe(1)
    expect(asksAround(events)).toBe(0)
  })

  it('a leaderboard: counts again', () => {
    const won = { tokenId: '1', rank: 1, class: 'plant', parts: item.parts }
    const first = leaderboardEvent({ axies: [won] }, at(start))
    const again = { ...first, observedAt: now - 13 * dayMillis }
    const events = [first, leaderboardEvent({ axies: [] }, at(now - 14 * dayMillis)), again, tick(now)]
    expect(expectRestorable(events, 4)).toBe(1)
    expect(contextFor(fold(events), sampleProfiles[0]!, { seller: '', listingId: '', observedAt: now }).comboScore).toBe(1)
  })
})

describe('measures', () => {
  it('are one number for each definition, and each name stands once', () => {
    const context = contextFor(initialMarketState(), sampleProfiles[0]!, { seller: '', listingId: '', observedAt: 0 })
    expect(context.measures).toHaveLength(measureDefinitions.length)
    expect(new Set(measureNames).size).toBe(measureNames.length)
  })
})
