import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { cancellationEvent, exchangeRateEvent, listingEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { anyMarket } from '#lib/market/testing/market-samples.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Alert, Item, Listing, MarketEvent, Outcome, RejectedCandidate } from '#schemas/types.ts'
import { createAxieHistories } from './axie-histories.ts'
import { createOutcomeBook, type OutcomeBook } from './outcome-book.ts'
import { followMillis } from './outcome-of.ts'

const start = 1_700_000_000_000
const fee = 0.0425
const never = 2 ** 32
const bookOf = (drawOneIn = never) => createOutcomeBook({ feeRatio: fee, drawOneIn, histories: createAxieHistories() })
const at = (millis: number) => ({ observedAt: start + millis, origin: 'live', source: 'recorded' }) as const

const item = (tokenId: string, breedCount = 1): Item => ({
  tokenId,
  class: 'plant',
  breedCount,
  genes: null,
  parts: ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam'],
  image: null,
})

const listed = (millis: number, tokenId = '7', usd = '20'): Listing => ({
  listingId: `axie:${tokenId}:${start + millis}`,
  item: item(tokenId),
  seller: '0xa',
  ask: {
    kind: 'fixed',
    paymentToken: 'weth',
    basePriceWei: '10000000000000000',
    endedPriceWei: '10000000000000000',
    currentPriceWei: '10000000000000000',
    currentPriceUsd: usd,
    startedAt: start + millis,
    durationSeconds: 0,
  },
})

const sold = (millis: number, usd: string | null, { tokenId = '7', breedCount = 1 } = {}) => {
  const soldAt = start + millis
  const sale = {
    item: item(tokenId, breedCount),
    soldAt,
    priceWei: '15000000000000000',
    priceUsd: usd,
    seller: null,
    buyer: null,
    txHash: null,
  }
  return saleEvent({ ...sale, saleId: saleIdOf(tokenId, sale) }, at(millis))
}

/** An alert about the listing that began at `start`, seen two seconds later, at $20 or 0.01 ETH. */
const alert: Alert = sampleAlert(
  scoredWith({
    listing: {
      listingId: `axie:7:${start}`,
      observedAt: start + 2_000,
      item: { ...sampleAlert().scored.listing.item, tokenId: '7', breedCount: 1 },
    },
    ask: { usd: 20, eth: 0.01, startedAt: start },
  }),
  { alertId: `axie:7:${start}:default` },
)

const lastOf = (book: OutcomeBook, events: readonly MarketEvent[]): Outcome | undefined =>
  [...book.alerted(alert), ...events.flatMap(book.observe)].filter(({ kind }) => kind === 'alert').at(-1)

describe('outcome of an alert', () => {
  const listing = listingEvent(listed(0), at(2_000))

  it('says which limit held it back, whether that was heard before or after, and goes on', () => {
    const [before, after] = [bookOf(), bookOf()]
    expect(before.heldBack(alert.alertId, 'limit maxOpen: with it 2, at most 1')).toEqual([])
    before.alerted(alert)
    after.alerted(alert)
    expect(after.heldBack(alert.alertId, 'limit maxOpen: with it 2, at most 1')).toMatchObject([{ status: 'open' }])
    const ends = [before, after].map((book) => book.observe(sold(5_000, '20')))
    expect(ends[0]).toEqual(ends[1])
    expect(ends[0]).toMatchObject([{ status: 'gone', heldBack: 'limit maxOpen: with it 2, at most 1' }])
  })

  it('is open at first, with what it takes to judge it later', () => {
    expect(bookOf().alerted(alert)).toEqual([
      {
        alertId: `axie:7:${start}:default`,
        kind: 'alert',
        listingId: `axie:7:${start}`,
        tokenId: '7',
        rule: 'default',
        source: 'recorded',
        status: 'open',
        alertedAt: start + 2_000,
        askUsd: 20,
        askEth: 0.01,
        forecastUsd: 151,
        rejectedFor: null,
        goneAt: null,
        goneBy: null,
        soldUsd: null,
        resoldAt: null,
        resoldUsd: null,
        netUsd: null,
        netEth: null,
        bought: false,
        heldBack: null,
        isFinal: false,
      },
    ])
  })

  it('gone, then resold: the gain is the resale less the fee less the ask', () => {
    const book = bookOf()
    expect(lastOf(book, [listing, sold(60_000, '20')])).toMatchObject({
      status: 'gone',
      goneBy: 'sold',
      goneAt: start + 60_000,
      soldUsd: 20,
    })
    const resold = book.observe(sold(dayMillis, '50'))
    expect(resold).toMatchObject([{ status: 'resold', resoldAt: start + dayMillis, resoldUsd: 50, isFinal: false }])
    expect(resold[0]!.netUsd).toBeCloseTo(50 * (1 - fee) - 20)
    expect(resold[0]!.netEth).toBeCloseTo(0.015 * (1 - fee) - 0.01)
  })

  it.each([
    ['withdrawn', [cancellationEvent({ listingId: `axie:7:${start}`, tokenId: '7' }, at(90_000))], { status: 'gone', goneBy: 'cancelled' }],
    [
      'offered anew',
      [listingEvent(listed(hourMillis), at(hourMillis))],
      { status: 'gone', goneBy: 'relisted', goneAt: start + hourMillis },
    ],
    ['sold, then offered anew by the buyer', [sold(60_000, '20'), listingEvent(listed(hourMillis), at(hourMillis))], { goneBy: 'sold' }],
    ['sold before anyone saw the listing', [sold(1_000, '20')], { goneAt: start + 1_000 }],
    ['bred before it was sold again', [sold(60_000, '20'), sold(dayMillis, '50', { breedCount: 2 })], { status: 'gone', resoldAt: null }],
    ['another axie sold', [sold(60_000, '20', { tokenId: '8' })], { status: 'open' }],
    ['a sale from before it was listed', [sold(-60_000, '20')], { status: 'open' }],
    ['nothing for two weeks', [exchangeRateEvent({ ethUsd: 2_000 }, at(15 * dayMillis))], { status: 'censored', isFinal: true }],
    [
      'sold, not resold for two weeks',
      [sold(60_000, '20'), exchangeRateEvent({ ethUsd: 2_000 }, at(15 * dayMillis))],
      { status: 'censored', goneBy: 'sold', isFinal: true },
    ],
    [
      'a resale in ETH only, by the rate of that hour',
      [sold(60_000, '20'), exchangeRateEvent({ ethUsd: 2_000 }, at(dayMillis)), sold(dayMillis + minuteMillis, null)],
      { status: 'resold', resoldUsd: 30 },
    ],
  ])('%s', (_case, events, expected) => {
    expect(lastOf(bookOf(), [listing, ...events])).toMatchObject(expected)
  })

  it('says that someone bought it', () => {
    const book = bookOf()
    book.alerted(alert)
    expect(book.bought(alert.alertId)).toMatchObject([{ bought: true }])
  })

  it('is never revised once it is final', () => {
    const book = bookOf()
    expect(lastOf(book, [exchangeRateEvent({ ethUsd: 2_000 }, at(15 * dayMillis)), sold(15 * dayMillis, '50')])).toMatchObject({
      isFinal: true,
    })
    expect(book.size().bets).toBe(0)
  })

  it('history that was backfilled is no news', () => {
    expect(lastOf(bookOf(), [{ ...sold(60_000, '20'), origin: 'backfill' }])).toMatchObject({ status: 'open' })
  })
})

describe('random buyer', () => {
  it('draws listings by their id, and follows them the same way', () => {
    const book = bookOf(1)
    expect(book.observe(listingEvent(listed(0), at(2_000)))).toMatchObject([
      { kind: 'random', alertId: `random:axie:7:${start}`, askUsd: 20 },
    ])
    expect(book.observe(sold(60_000, '20'))).toMatchObject([{ kind: 'random', status: 'gone' }])
  })

  it('draws one in so many', () => {
    const book = bookOf(20)
    const drawn = Array.from({ length: 2_000 }, (_, token) => listingEvent(listed(token, String(token)), at(token))).flatMap(book.observe)
    expect(drawn.length).toBeGreaterThan(60)
    expect(drawn.length).toBeLessThan(140)
  })
})

describe('rejected candidate', () => {
  const { listing, quantilesUsd, modelId } = alert.scored
  const candidate: RejectedCandidate = {
    listingId: listing.listingId,
    tokenId: '7',
    breedCount: 1,
    rule: 'default',
    rulesHash: alert.rulesHash,
    reason: 'second_check_asks',
    source: 'recorded',
    modelId,
    observedAt: listing.observedAt,
    startedAt: listing.ask.startedAt,
    askUsd: 20,
    askEth: 0.01,
    quantilesUsd,
    netGainUsd: 10,
    netGainLowUsd: 5,
  }

  it('is followed as an alert is, and named by why it was none', () => {
    const book = bookOf()
    expect(book.rejected(candidate)).toMatchObject([
      { alertId: `rejected:axie:7:${start}`, kind: 'rejected', rejectedFor: 'second_check_asks', status: 'open', forecastUsd: 151 },
    ])
    book.observe(sold(60_000, '20'))
    const [missed] = book.observe(sold(dayMillis, '50'))
    expect(missed).toMatchObject({ kind: 'rejected', status: 'resold', rejectedFor: 'second_check_asks' })
    expect(missed!.netUsd).toBeCloseTo(50 * (1 - fee) - 20)
  })

  it('once, however often it is rejected', () => {
    const book = bookOf()
    book.rejected(candidate)
    expect(book.rejected({ ...candidate, reason: 'novel', askUsd: 19 })).toEqual([])
  })

  it('beside the alert that the same listing became later', () => {
    const book = bookOf()
    book.rejected(candidate)
    book.alerted(alert)
    expect(book.observe(sold(60_000, '20')).map(({ kind }) => kind)).toEqual(['rejected', 'alert'])
  })
})

const alertAbout = ({ listingId, item, ask }: Listing, observedAt: number): Alert =>
  sampleAlert(
    scoredWith({
      listing: {
        listingId,
        observedAt,
        item: { ...sampleAlert().scored.listing.item, tokenId: item.tokenId, breedCount: item.breedCount },
      },
      ask: { startedAt: ask.startedAt },
    }),
    { alertId: `${listingId}:default` },
  )

/** An alert for every live listing of a market, with the place of that listing; the first where it is listed again. */
const alertsIn = (events: readonly MarketEvent[]): { alert: Alert; place: number }[] => {
  const alerts = new Map<string, { alert: Alert; place: number }>()
  for (const [place, event] of events.entries()) {
    const listing = 'flipstream.Listing' in event.payload ? event.payload['flipstream.Listing'] : null
    if (listing === null || event.origin === 'backfill' || alerts.has(listing.listingId)) continue
    alerts.set(listing.listingId, { alert: alertAbout(listing, event.observedAt), place })
  }
  return [...alerts.values()]
}

const play = (events: readonly MarketEvent[], alerts: readonly { alert: Alert; place: number }[], from = 0) => {
  const book = bookOf(1)
  const last = new Map<string, Outcome>()
  const tell = (outcomes: Outcome[]) => {
    for (const outcome of outcomes) last.set(outcome.alertId, outcome)
  }
  for (const [place, event] of events.entries()) {
    for (const one of alerts) if (one.place === place) tell(book.alerted(one.alert))
    if (place >= from) tell(book.observe(event))
  }
  for (const one of alerts) if (one.place >= events.length) tell(book.alerted(one.alert))
  return { last, book }
}

describe('laws', () => {
  const markets = anyMarket({ min: 1, max: 60 })

  it('when an alert is heard does not matter, as long as it is still followed', () => {
    fc.assert(
      fc.property(markets, fc.array(fc.nat(40), { minLength: 1, maxLength: 10 }), (events, delays) => {
        const alerts = alertsIn(events)
        const clockBefore = (place: number) => Math.max(...events.slice(0, place).map(({ observedAt }) => observedAt))
        const delayed = alerts.map(({ alert, place }, index) => {
          let later = place
          while (later < place + delays[index % delays.length]! && clockBefore(later + 1) <= alert.scored.listing.observedAt + followMillis)
            later++
          return { alert, place: later }
        })
        expect(Object.fromEntries(play(events, delayed).last)).toEqual(Object.fromEntries(play(events, alerts).last))
      }),
      { numRuns: 150 },
    )
  })

  it('what is followed depends on the last fifteen days only, and no more is remembered', () => {
    fc.assert(
      fc.property(markets, fc.nat(), (events, where) => {
        const from = where % (events.length + 1)
        const clock = Math.max(...events.slice(0, from).map(({ observedAt }) => observedAt), Number.NEGATIVE_INFINITY)
        const recent = alertsIn(events).filter(({ alert }) => {
          const { observedAt, ask } = alert.scored.listing
          return Math.min(observedAt, ask.startedAt) > clock + hourMillis
        })
        const outcomes = (begun: number) => {
          const { last } = play(events, recent, begun)
          return recent.map(({ alert }) => last.get(alert.alertId))
        }
        expect(outcomes(from)).toEqual(outcomes(0))
      }),
      { numRuns: 150 },
    )
  })
})
