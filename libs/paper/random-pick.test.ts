import { expect, test } from 'vitest'
import { minuteMillis } from '#lib/clock/durations.ts'
import { exchangeRateEvent, listingEvent, saleEvent, saleIdOf } from '#lib/market/event.ts'
import { createAxieHistories } from '#lib/outcomes/axie-histories.ts'
import { createOutcomeBook } from '#lib/outcomes/outcome-book.ts'
import type { Item, MarketEvent, PaperTrade } from '#schemas/types.ts'
import { createPaperBook } from './paper-book.ts'
import { paperAccounts } from './paper-summary.ts'
import { paperLines } from './paper-words.ts'
import { randomAccount, randomPickOf } from './random-pick.ts'
import { samplePaperTrade } from './testing/paper-samples.ts'

const start = Date.parse('2026-11-01T00:00:00Z')
const seen = (minutes: number) => ({ observedAt: start + minutes * minuteMillis, origin: 'live', source: 'recorded' }) as const
const parts = ['eyes-papi', 'ears-rosa', 'mouth-serious', 'horn-rose-bud', 'back-pumpkin', 'tail-yam']
const item = (tokenId: string, breedCount = 1): Item => ({ tokenId, class: 'Plant', breedCount, genes: null, parts, image: null })

function listed(minutes: number, tokenId: string, change: Partial<Item> = {}): MarketEvent {
  const startedAt = start + (minutes - 1) * minuteMillis
  const wei = '10000000000000000'
  const price = { basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei, currentPriceUsd: '20' }
  const ask = { kind: 'fixed', paymentToken: 'weth', ...price, startedAt, durationSeconds: 0 } as const
  return listingEvent(
    { listingId: `axie:${tokenId}:${startedAt}`, item: { ...item(tokenId), ...change }, seller: '0xa', ask },
    seen(minutes),
  )
}
function sold(minutes: number, tokenId: string, usd: string, breedCount = 1): MarketEvent {
  const sale = { item: item(tokenId, breedCount), soldAt: start + minutes * minuteMillis, priceWei: '30000000000000000', priceUsd: usd }
  const whole = { ...sale, seller: null, buyer: null, txHash: null }
  return saleEvent({ ...whole, saleId: saleIdOf(tokenId, whole) }, seen(minutes))
}
const clockAt = (minutes: number) => exchangeRateEvent({ ethUsd: 2_000 }, seen(minutes))

/** A ledger's account of who buys at random, where every listing is drawn, on what was published before. */
function play(events: readonly MarketEvent[], published: readonly PaperTrade[] = []): PaperTrade[] {
  const histories = createAxieHistories()
  const outcomes = createOutcomeBook({ feeRatio: 0.0425, drawOneIn: 1, histories })
  const book = createPaperBook(histories)
  for (const trade of published) book.load(trade)
  return events.flatMap((event) => {
    const drawn = outcomes.observe(event)
    book.observe(event)
    const pick = randomPickOf(event, drawn)
    if (pick !== null) book.picked(pick)
    return book.settle()
  })
}
const newestOf = (changes: readonly PaperTrade[]) => [...new Map(changes.map((trade) => [trade.tradeId, trade])).values()]

const market = [
  clockAt(0),
  sold(1, '50', '100'),
  ...Array.from({ length: 400 }, (_, index) => listed(2 + index / 400, `${1_000 + index}`)),
  clockAt(20),
]

test('about one in ten of what is drawn is bought, asked for at what its like sold for', () => {
  const trades = newestOf(play(market))
  expect(trades.length).toBeGreaterThan(20)
  expect(trades.length).toBeLessThan(65)
  expect(trades[0]).toMatchObject({
    account: randomAccount,
    rulesHash: '',
    state: 'offered',
    askUsd: 20,
    firstPriceUsd: 98,
    class: 'plant',
  })
})

test('without any alike it asks what its kind sold for; where nothing is known, it waits for its own buyer', () => {
  const other = ['eyes-papi', 'ears-rosa', 'mouth-zigzag', 'horn-rose-bud', 'back-pumpkin', 'tail-yam']
  const few = Array.from({ length: 60 }, (_, index) => listed(2, `${1_000 + index}`, { parts: other }))
  expect(newestOf(play([clockAt(0), sold(1, '50', '100'), ...few, clockAt(20)]))[0]).toMatchObject({ state: 'offered', firstPriceUsd: 98 })
  const [first] = newestOf(play([clockAt(0), ...few, clockAt(20)])) as [PaperTrade]
  expect(first).toMatchObject({ state: 'offered', firstPriceUsd: null })
  const events = [clockAt(0), ...few, sold(4, first.tokenId, '20'), sold(60, first.tokenId, '70'), clockAt(90)]
  expect(newestOf(play(events)).find(({ tradeId }) => tradeId === first.tradeId)).toMatchObject({ state: 'resold', priceUsd: 70 })
})

test('an egg is never bought, nor what cannot be read', () => {
  const eggs = Array.from({ length: 60 }, (_, index) => listed(2, `${1_000 + index}`, { parts: [] }))
  const odd = Array.from({ length: 60 }, (_, index) => listed(2, `${2_000 + index}`, { class: 'dragon' }))
  expect(play([clockAt(0), ...eggs, ...odd, clockAt(20)])).toEqual([])
})

test('a restart decides nothing twice, and what was not written once more', () => {
  const all = play(market)
  expect(play(market, newestOf(all))).toEqual([])
  const half = all.slice(0, 10)
  expect(newestOf([...half, ...play(market, newestOf(half))])).toHaveLength(newestOf(all).length)
})

test('every account is told beside what its dollars came to at random', () => {
  const ended = { state: 'resold', endedAt: start + 1, priceUsd: 60 } as const
  const trades = [
    samplePaperTrade({ tradeId: 'a', costUsd: 40, ...ended, gainUsd: 20 }),
    samplePaperTrade({ tradeId: 'b', costUsd: 40 }),
    samplePaperTrade({ tradeId: 'r', account: randomAccount, costUsd: 10, ...ended, gainUsd: -2 }),
    samplePaperTrade({ tradeId: 's', account: randomAccount, costUsd: 500 }),
  ]
  expect(paperLines(paperAccounts(trades))).toEqual([
    expect.stringMatching(
      /^default: 2 of 2 alerts bought .*1 gained, \+\$20\.00 in all, the same dollars at random -\$8\.00; \$980 in money$/,
    ),
    expect.stringMatching(/^random buyer: 2 of 2 draws bought .*-\$2\.00 in all; \$498 in money$/),
  ])
})
