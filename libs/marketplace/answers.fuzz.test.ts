import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { checkAsk } from '#lib/market/ask.ts'
import { priceBids } from '#lib/market/bids.ts'
import { listingEvent, saleEvent } from '#lib/market/event.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { axieOf, exchangeRateOf, leaderboardOf, listingsOf, settledOf } from './answers.ts'
import { MarketplaceError } from './errors.ts'
import { answerWith, listedAnswer, listedOrigin, listingsPage, settledAnswer, settledPage } from './testing/answer-samples.ts'

/** What a broken marketplace may put anywhere. */
const anything = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    '',
    '0',
    '-1',
    '1e40',
    'NaN',
    '0x',
    true,
    [],
    {},
    -1,
    0,
    0.5,
    1e40,
    Number.MAX_SAFE_INTEGER,
    'a'.repeat(5_000),
  ),
  fc.jsonValue({ maxDepth: 2 }),
  fc.bigInt().map(String),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
type Step = Readonly<{ pick: readonly number[]; value: unknown; remove: boolean }>
const step: fc.Arbitrary<Step> = fc.record({
  pick: fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }),
  value: anything,
  remove: fc.boolean(),
})

/** Replaces or removes what lies at the end of a path of choices. */
function damage(json: unknown, { pick, value, remove }: Step): unknown {
  const copy = structuredClone(json)
  let at = copy as Record<string, unknown>
  for (const [depth, choice] of pick.entries()) {
    const keys = Object.keys(at)
    const key = keys[choice % keys.length]
    if (key === undefined) return copy
    const next = at[key]
    if (depth < pick.length - 1 && typeof next === 'object' && next !== null) at = next as Record<string, unknown>
    else {
      if (remove) delete at[key]
      else at[key] = value
      return copy
    }
  }
  return copy
}

const codec = createCodec({ registry: createMemoryRegistry() })
beforeAll(() => codec.prepare(['MarketEvent']))
/** Fits the schema to the last field. */
const survives = (event: MarketEvent): void => {
  expect(codec.decode('MarketEvent', codec.encode('MarketEvent', event))).toEqual(event)
}
const observation = { observedAt: 1, origin: 'live', source: 'live' } as const

/** The only errors that a reader of an answer may throw. */
function documented<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    expect(error).toBeInstanceOf(MarketplaceError)
    expect(['graphql_error', 'unexpected_shape', 'not_json', 'refused', 'rate_limited']).toContain((error as MarketplaceError).code)
    return null
  }
}

const refusals = [
  ...['missing_field', 'bad_field', 'bad_price', 'graphql_error', 'unknown_token', 'changed_field'],
  ...['order_not_a_sale', 'order_closed', 'order_expired'],
]

const whole = (page: {
  items: readonly unknown[]
  rejects: readonly { raw: string; code: string; message: string; key: string }[]
  count: number
}) => {
  expect(page.items.length).toBeLessThanOrEqual(page.count)
  for (const { raw, code, message, key } of page.rejects) {
    expect(refusals).toContain(code)
    expect(message.length * key.length * raw.length).toBeGreaterThan(0)
  }
}

/** Over 10,000 damaged answers in all. */
const runs = (numRuns: number) => ({ numRuns })

test('listings: 6,000 damaged answers give valid listings, rejects, or a documented error', () => {
  const failed = { message: 'timed out', path: ['axies', 'results', 1, 'highestOffer', 'currentPriceUsd'] }
  const base = { ...listingsPage(listedAnswer('1'), listedOrigin('2')), errors: [failed] }
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const page = documented(() => listingsOf(answerWith(steps.reduce(damage, base as unknown))))
      if (page === null) return
      whole(page)
      for (const listing of page.items) {
        checkAsk(listing.ask)
        expect(listing.listingId).toBe(`axie:${listing.item.tokenId}:${listing.ask.startedAt}`)
        survives(listingEvent(listing, observation))
        const bids = priceBids(listing.bids, { ETH: 3_000, AXS: null, SLP: null, RON: null, USDC: 1 })
        expect(bids?.usd ?? 1).toBeGreaterThan(0)
      }
    }),
    runs(6_000),
  )
}, 60_000)

test('sales: 4,000 damaged answers give valid sales, rejects, or a documented error', () => {
  const base = settledPage(settledAnswer('1', [1_650_000_000, 1_650_000_900]), settledAnswer('2'))
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const page = documented(() => settledOf(answerWith(steps.reduce(damage, base as unknown))))
      if (page === null) return
      whole(page)
      for (const { newest, sales } of page.items) {
        expect(newest).toBe(sales[0])
        for (const sale of sales) {
          expect(BigInt(sale.priceWei)).toBeGreaterThan(0n)
          survives(saleEvent(sale, observation))
        }
      }
    }),
    runs(4_000),
  )
}, 60_000)

test('whatever comes instead of an answer is a documented error, or empty', () => {
  const readers = [listingsOf, settledOf, exchangeRateOf, leaderboardOf]
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...readers), (json, read) => {
      documented(() => read(answerWith(json)))
    }),
    runs(2_000),
  )
  fc.assert(
    fc.property(step, (one) => {
      const answer = { data: { axie: { ...settledAnswer(), ...listedOrigin() } } }
      documented(() => {
        try {
          axieOf(answerWith(damage(answer, one)))
        } catch (error) {
          if (!(error instanceof RejectedError)) throw error
        }
      })
    }),
    runs(2_000),
  )
}, 60_000)
