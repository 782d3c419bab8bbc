/** Small invented markets for tests: few axies, so that they are alike; long gaps, so that everything is forgotten at some point. */

import fc from 'fast-check'
import { profileOf } from '#lib/axie/profile.ts'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import {
  askSeenEvent,
  cancellationEvent,
  exchangeRateEvent,
  leaderboardEvent,
  listingAgainEvent,
  listingEvent,
  listingIdOf,
  modelPromotedEvent,
  type Observation,
  rulesChangedEvent,
  saleEvent,
  saleIdOf,
} from '#lib/market/event.ts'
import type { ItemModels } from '#lib/market/item-model.ts'
import type { Ask, Item, ItemProfile, LeaderboardAxie, MarketEvent, Origin } from '#schemas/types.ts'

/** Ten axies of two classes and few parts; the last two have a class and a part that nobody knows. */
export const sampleItems: readonly Item[] = [
  ['plant', 0, 'eyes-papi', 'horn-rose-bud'],
  ['plant', 0, 'eyes-papi', 'horn-rose-bud'],
  ['plant', 1, 'eyes-papi', 'horn-rose-bud'],
  ['plant', 0, 'eyes-gecko', 'horn-rose-bud'],
  ['plant', 0, 'eyes-papi', 'horn-leaf-bug'],
  ['Aquatic', 0, 'eyes-papi', 'horn-rose-bud'],
  ['aquatic', 2, 'eyes-gecko', 'horn-leaf-bug'],
  ['plant', 0, 'egg', ''],
  ['dragon', 0, 'eyes-papi', 'horn-rose-bud'],
  ['plant', 0, 'eyes-unheard-of', 'horn-rose-bud'],
].map(([axieClass, breedCount, eyes, horn], index) => ({
  tokenId: String(index + 1),
  class: axieClass as string,
  breedCount: breedCount as number,
  genes: null,
  parts: eyes === 'egg' ? [] : [eyes as string, 'ears-rosa', 'mouth-serious', horn as string, 'back-pumpkin', 'tail-yam'],
  image: null,
}))

/** Item models of the models that the samples promote: one without, two that disagree and change with the day, and one that cannot be had. */
export const sampleItemModels: ItemModels = {
  get({ modelId }) {
    if (modelId === 'model-0') return null
    if (modelId === 'model-3') throw new RejectedError('model_missing', 'no such bundle')
    const perBreed = modelId === 'model-1' ? -0.2 : -0.5
    return {
      effectOf: ({ class: axieClass, breedCount }, at) =>
        (axieClass === 'plant' ? 0.4 : 0) + perBreed * breedCount + 0.1 * (Math.floor(at / dayMillis) % 3),
    }
  },
}

/** Profiles of those that have one. */
export const sampleProfiles: readonly ItemProfile[] = sampleItems.slice(0, 7).map(profileOf)

const start = 1_700_000_000_000

/** What the generators draw, before times are known. `after` and `late` in milliseconds. */
type Draw = Readonly<{
  kind: 'sale' | 'listing' | 'again' | 'seen' | 'cancellation' | 'rate' | 'leaderboard' | 'model' | 'rules' | 'repeat'
  after: number
  late: number
  item: Item
  usd: number
  dollars: boolean
  dutch: boolean
  seller: string
  which: number
  origin: Origin
}>

const gaps = [0, 0, 1_000, 10 * minuteMillis, hourMillis, 5 * hourMillis, dayMillis, 3 * dayMillis, 8 * dayMillis]
/** Gaps that end just inside and just outside of the spans that add up. */
const edges = [
  0,
  minuteMillis,
  50 * minuteMillis,
  hourMillis,
  23 * hourMillis,
  7 * dayMillis,
  13 * dayMillis,
  19 * dayMillis,
  20 * dayMillis,
]
const lateness = [
  0,
  0,
  0,
  1_000,
  20 * minuteMillis,
  7 * hourMillis,
  2 * dayMillis,
  10 * dayMillis,
  22 * dayMillis,
  -4 * minuteMillis,
  -9 * minuteMillis,
]

const kinds: readonly Draw['kind'][] = [
  ...Array.from({ length: 6 }, () => 'sale' as const),
  'listing',
  'listing',
  'again',
  'seen',
  'cancellation',
  'rate',
  'leaderboard',
  'model',
  'rules',
  'repeat',
  'repeat',
]

const drawWith = (after: readonly number[]): fc.Arbitrary<Draw> =>
  fc.record({
    kind: fc.constantFrom(...kinds),
    after: fc.constantFrom(...after),
    late: fc.constantFrom(...lateness),
    item: fc.constantFrom(...sampleItems),
    usd: fc.integer({ min: 1, max: 90 }),
    dollars: fc.boolean(),
    dutch: fc.boolean(),
    seller: fc.constantFrom('0xa', '0xb'),
    which: fc.nat(1_000),
    origin: fc.constantFrom<Origin>('live', 'live', 'live', 'backfill'),
  })

function askOf({ usd, dollars, dutch }: Draw, startedAt: number): Ask {
  const wei = String(usd * 10 ** 15)
  return {
    kind: dutch ? 'dutch' : 'fixed',
    paymentToken: 'weth',
    basePriceWei: dutch ? String(usd * 2 * 10 ** 15) : wei,
    endedPriceWei: dutch ? String(10 ** 15) : wei,
    currentPriceWei: wei,
    currentPriceUsd: dollars ? `${usd}.25` : null,
    startedAt,
    durationSeconds: dutch ? 86_400 : 0,
  }
}

const leaderboard = (turn: number): LeaderboardAxie[] =>
  sampleItems.slice(0, 1 + (turn % sampleItems.length)).map((item, index) => ({
    tokenId: item.tokenId,
    rank: index * 100 + 1,
    class: item.class,
    parts: item.parts,
  }))

/** `happened` is rounded to whole hours for asks, so that the same listing is met again. */
function eventOf(one: Draw, observation: Observation, earlier: readonly MarketEvent[]): MarketEvent {
  const { item, seller, usd, dollars } = one
  const happened = observation.observedAt - one.late
  const startedAt = happened - (happened % hourMillis)
  const offer = { listingId: listingIdOf(item.tokenId, startedAt), item, seller, ask: askOf(one, startedAt) }
  switch (one.kind) {
    case 'sale': {
      const sale = { item, soldAt: happened, priceWei: String(usd * 10 ** 15), priceUsd: dollars ? String(usd) : null }
      const saleId = saleIdOf(item.tokenId, { txHash: null, soldAt: happened })
      return saleEvent({ ...sale, saleId, seller: null, buyer: null, txHash: null }, observation)
    }
    case 'listing':
      return listingEvent(offer, observation)
    case 'again':
      return listingAgainEvent(offer, observation)
    case 'seen':
      return askSeenEvent(offer, observation)
    case 'cancellation':
      return cancellationEvent({ listingId: offer.listingId, tokenId: item.tokenId }, observation)
    case 'rate':
      return exchangeRateEvent({ ethUsd: usd === 1 ? Number.NaN : 1_000 + usd }, observation)
    case 'leaderboard':
      return leaderboardEvent({ axies: leaderboard(one.which) }, observation)
    case 'model':
      return modelPromotedEvent({ modelId: `model-${usd % 4}`, featureSetHash: 'f', reason: 'test' }, observation)
    case 'rules':
      return rulesChangedEvent({ rulesHash: `rules-${usd % 3}`, rules: '{}', reason: 'test' }, observation)
    case 'repeat': {
      const again = earlier[one.which % Math.max(1, earlier.length)]
      return again === undefined ? eventOf({ ...one, kind: 'sale' }, observation, earlier) : { ...again, ...observation }
    }
  }
}

function eventsOf(draws: readonly Draw[]): MarketEvent[] {
  const events: MarketEvent[] = []
  let now = start
  for (const one of draws) {
    now += one.after
    // Every seventh or so is observed late itself: behind what the log already holds.
    const observedAt = one.which % 7 === 0 ? now - 30 * minuteMillis : now
    events.push(eventOf(one, { observedAt, origin: one.origin, source: 'synthetic' }, events))
  }
  return events
}

/** Any sequence a log may hold: late, early, repeated, refused and unpriceable events of every kind, over hours or months. */
export const anyMarket = (length: Readonly<{ min: number; max: number }>): fc.Arbitrary<readonly MarketEvent[]> =>
  fc.array(drawWith(gaps), { minLength: length.min, maxLength: length.max, size: 'max' }).map(eventsOf)

/** Few events with weeks between them: what was met, and what was worth what, is on the edge of being forgotten. */
export const sparseMarket: fc.Arbitrary<readonly MarketEvent[]> = fc
  .array(drawWith(edges), { minLength: 3, maxLength: 14, size: 'max' })
  .map(eventsOf)
