import { describe, expect, it } from 'vitest'
import { minuteMillis } from '#lib/clock/durations.ts'
import { cancellationEvent, exchangeRateEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { createAxieHistories } from '#lib/outcomes/axie-histories.ts'
import { createOutcomeBook } from '#lib/outcomes/outcome-book.ts'
import { scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import type { Alert, MarketEvent, PaperTrade } from '#schemas/types.ts'
import { classicAccount, createPaperBook } from './paper-book.ts'

const start = Date.parse('2026-11-01T00:00:00Z')
const { item: profile } = sampleAlert().scored.listing
const parts = Object.values(profile.parts)

/** Seen at `minutes`, listed a minute before; asks $80. */
const alertAt = (minutes: number, tokenId = '7', rule = 'default', usd = 80): Alert => {
  const [observedAt, startedAt] = [start + minutes * minuteMillis, start + (minutes - 1) * minuteMillis]
  const listingId = `axie:${tokenId}:${startedAt}`
  const scored = scoredWith({
    listing: { listingId, observedAt, item: { ...profile, tokenId } },
    ask: { usd, eth: usd / 3_000, startedAt },
  })
  return sampleAlert(scored, { rule, alertId: `${listingId}:${rule}`, listingId })
}

const soldAt = (minutes: number, usd: number, tokenId = '7', change: { breedCount?: number; origin?: 'live' | 'backfill' } = {}) => {
  const at = start + minutes * minuteMillis
  const item = { tokenId, class: profile.class, breedCount: change.breedCount ?? profile.breedCount, genes: null, parts, image: null }
  const sale = { item, soldAt: at, priceWei: '30000000000000000', priceUsd: String(usd), seller: null, buyer: null, txHash: null }
  return saleEvent({ ...sale, saleId: saleIdOf(tokenId, sale) }, { observedAt: at, origin: change.origin ?? 'live', source: 'recorded' })
}
const clockAt = (minutes: number) =>
  exchangeRateEvent({ ethUsd: 3_000 }, { observedAt: start + minutes * minuteMillis, origin: 'live', source: 'recorded' })

type Heard = MarketEvent | Alert

/** A ledger's paper accounts, from the log's beginning, on what was published before. */
function open(published: readonly PaperTrade[] = []) {
  const histories = createAxieHistories()
  const outcomes = createOutcomeBook({ feeRatio: 0.0425, drawOneIn: 2 ** 32, histories })
  const book = createPaperBook(histories)
  for (const trade of published) book.load(trade)
  return {
    ...book,
    hear(...all: readonly Heard[]) {
      for (const one of all) {
        if ('alertId' in one) book.alerted(one)
        else {
          outcomes.observe(one)
          book.observe(one)
        }
      }
      return book
    },
  }
}

const newestOf = (changes: readonly PaperTrade[]) => [...new Map(changes.map((trade) => [trade.tradeId, trade])).values()]
const day = 24 * 60
/** A sale of another in every hour, far below what we ask: the market is seen, and nobody buys ours. */
const hours = (from: number, to: number) =>
  Array.from({ length: Math.ceil((to - from) / 60) }, (_, hour) => soldAt(from + 60 * hour + 1, 1, `${900 + hour}`))

describe('a paper account', () => {
  it('buys what is still there after a person’s delay, once the market’s news are in', () => {
    const { hear, accounts } = open()
    expect(hear(clockAt(0), alertAt(1), clockAt(11)).settle()).toEqual([])
    expect(hear(clockAt(12)).settle()).toMatchObject([
      { tradeId: `default/axie:7:${start}:default`, state: 'offered', costUsd: 80.02, boughtAt: start + 2 * minuteMillis, missedFor: null },
    ])
    expect(accounts().get('default')?.cashUsd).toBeCloseTo(919.98)
  })

  it('misses what somebody else bought or its seller withdrew before', () => {
    const withdrawn = alertAt(1, '8')
    const gone = { listingId: withdrawn.listingId, tokenId: '8' }
    const when = { observedAt: start + 1.5 * minuteMillis, origin: 'live', source: 'recorded' } as const
    const { hear } = open()
    hear(clockAt(0), alertAt(1), withdrawn, soldAt(1.9, 80), cancellationEvent(gone, when), clockAt(20))
    expect(
      hear()
        .settle()
        .map(({ tokenId, state, missedFor }) => [tokenId, state, missedFor]),
    ).toEqual([
      ['7', 'missed', 'gone'],
      ['8', 'missed', 'gone'],
    ])
  })

  it('sells by the axie’s own next sale; the one that took the listing was ours', () => {
    const { hear, accounts } = open()
    const changes = hear(clockAt(0), alertAt(1), soldAt(5, 80), soldAt(100, 150), clockAt(200)).settle()
    expect(newestOf(changes)).toMatchObject([{ state: 'resold', endedAt: start + 100 * minuteMillis, priceUsd: 150 }])
    expect(changes.at(-1)?.gainUsd).toBeCloseTo(150 * 0.9575 - 0.02 - 80.02)
    expect(accounts().get('default')?.cashUsd).toBeCloseTo(1_000 + 150 * 0.9575 - 0.02 - 80.02)
  })

  it('sells to the buyer of one alike at our price, each sale once, and by chance', () => {
    const known = soldAt(-60, 100, '50', { origin: 'backfill' })
    const { hear } = open()
    const buyers = Array.from({ length: 12 }, (_, index) => soldAt(60 + index, 98, `${60 + index}`))
    const changes = hear(known, clockAt(0), alertAt(1), alertAt(1, '8'), ...buyers, clockAt(200)).settle()
    const ended = newestOf(changes)
    expect(ended).toMatchObject([
      { state: 'alike', firstPriceUsd: 98, priceUsd: 98 },
      { state: 'alike', priceUsd: 98 },
    ])
    expect(new Set(ended.map(({ saleId }) => saleId)).size).toBe(2)
  })

  it('a buyer of one alike comes with a chance of one half', () => {
    const known = soldAt(-60, 100, '50', { origin: 'backfill' })
    const sold = Array.from({ length: 60 }, (_, index) => {
      const [trade] = newestOf(
        open()
          .hear(known, clockAt(0), alertAt(1), soldAt(60 + index, 98, `${60 + index}`), clockAt(200))
          .settle(),
      )
      return trade?.state === 'alike' ? 1 : 0
    })
    const count = sold.reduce<number>((sum, one) => sum + one, 0)
    expect(count).toBeGreaterThan(18)
    expect(count).toBeLessThan(42)
  })

  it('does not sell below its price, or to itself bred further', () => {
    const known = soldAt(-60, 100, '50', { origin: 'backfill' })
    const others = Array.from({ length: 12 }, (_, index) => soldAt(60 + index, 97, `${60 + index}`))
    const bred = soldAt(90, 500, '7', { breedCount: 5 })
    expect(
      newestOf(
        open()
          .hear(known, clockAt(0), alertAt(1), soldAt(5, 80), ...others, bred, clockAt(200))
          .settle(),
      ),
    ).toMatchObject([{ state: 'offered' }])
  })

  it('gives up after a day at half of what its like then sold for; censored where nobody looked', () => {
    const known = soldAt(-60, 100, '50', { origin: 'backfill' })
    const seen = newestOf(
      open()
        .hear(known, clockAt(0), alertAt(1), ...hours(60, day), clockAt(2 * day))
        .settle(),
    )
    expect(seen).toMatchObject([{ state: 'unsold', endedAt: start + (day + 2) * minuteMillis, priceUsd: 0.5 }])
    const unseen = newestOf(
      open()
        .hear(known, clockAt(0), alertAt(1), clockAt(2 * day))
        .settle(),
    )
    expect(unseen).toMatchObject([{ state: 'censored', priceUsd: 50, gainUsd: expect.closeTo(50 * 0.9575 - 0.02 - 80.02) }])
  })

  it('has its limits, and says which', () => {
    const many = Array.from({ length: 14 }, (_, index) => alertAt(1 + index / 100, `${index + 10}`))
    const changes = open()
      .hear(clockAt(0), alertAt(0.9, '5', 'default', 201), ...many, alertAt(1.5, '10'), clockAt(30))
      .settle()
    expect(changes.map(({ missedFor }) => missedFor)).toEqual(['dear', ...Array(12).fill(null), 'money', 'money', 'held'])
  })

  it('is one for each rule, beside the ancestor’s', () => {
    const { hear, alerted, accounts } = open()
    hear(clockAt(0), alertAt(1), alertAt(1, '7', 'other'))
    alerted(alertAt(1, '7', 'classic'), classicAccount)
    hear(clockAt(30)).settle()
    expect([...accounts().keys()].sort()).toEqual(['default', 'other', 'preset:classic'])
  })

  it('buys nothing from before the log begins', () => {
    expect(open().hear(clockAt(10), alertAt(1), clockAt(60)).settle()).toEqual([])
  })
})

describe('a paper account that is restarted', () => {
  const story: readonly Heard[] = [
    soldAt(-60, 100, '50', { origin: 'backfill' }),
    clockAt(0),
    ...Array.from({ length: 30 }, (_, index) => [
      alertAt(1 + index * 20, `${100 + index}`, index % 3 === 0 ? 'other' : 'default'),
      soldAt(5 + index * 20, 80, `${100 + index}`),
      ...(index % 3 === 0 ? [soldAt(15 + index * 20, 99, `${200 + index}`)] : []),
      ...(index % 4 === 0 ? [soldAt(18 + index * 20, 140, `${100 + index}`)] : []),
    ]).flat(),
    ...hours(600, 2 * day),
    clockAt(3 * day),
  ]

  it('ends as one that never was, wherever it was killed', () => {
    const undisturbed = newestOf(
      open()
        .hear(...story)
        .settle(),
    )
    expect(new Set(undisturbed.map(({ state }) => state))).toEqual(new Set(['resold', 'alike', 'unsold']))
    for (let cut = 3; cut < story.length; cut += 7) {
      const before = open()
        .hear(...story.slice(0, cut))
        .settle()
      // Killed while it wrote: some of the last words are missing.
      for (const written of [before, before.slice(0, -1)]) {
        const restarted = open(newestOf(written))
        const after = restarted.hear(...story).settle()
        expect(sorted(newestOf([...written, ...after]))).toEqual(sorted(undisturbed))
      }
    }
  })

  it('says nothing twice', () => {
    const all = newestOf(
      open()
        .hear(...story)
        .settle(),
    )
    expect(
      open(all)
        .hear(...story)
        .settle(),
    ).toEqual([])
  })

  it('decides the same from the same news, step by step or at once', () => {
    const one = open()
    const changes = story.flatMap((heard) => one.hear(heard).settle())
    expect(sorted(newestOf(changes))).toEqual(
      sorted(
        newestOf(
          open()
            .hear(...story)
            .settle(),
        ),
      ),
    )
  })
})

const sorted = (trades: readonly PaperTrade[]) => [...trades].sort((one, other) => (one.tradeId < other.tradeId ? -1 : 1))
