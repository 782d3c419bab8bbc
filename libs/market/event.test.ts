import { describe, expect, it } from 'vitest'
import type { Item, Listing, Sale } from '#schemas/types.ts'
import {
  challengerNamedEvent,
  learningHeldEvent,
  listingAgainEvent,
  listingEvent,
  listingIdOf,
  matchPayload,
  modelsComparedEvent,
  moneyEvidenceEvent,
  type Observation,
  payloadOf,
  saleEvent,
  saleIdOf,
} from './event.ts'

const item: Item = { tokenId: '42', class: 'Plant', breedCount: 0, genes: null, parts: [], image: null }
const listing: Listing = {
  listingId: listingIdOf('42', 1_000),
  item,
  seller: '0xa',
  ask: {
    kind: 'dutch',
    paymentToken: 'weth',
    basePriceWei: '5',
    endedPriceWei: '1',
    currentPriceWei: '4',
    currentPriceUsd: null,
    startedAt: 1_000,
    durationSeconds: 10,
  },
}
const sale: Sale = {
  saleId: saleIdOf('42', { txHash: null, soldAt: 2_000 }),
  item,
  soldAt: 2_000,
  priceWei: '4',
  priceUsd: null,
  seller: null,
  buyer: null,
  txHash: null,
}
const seen: Observation = { observedAt: 3_000, origin: 'live', source: 'recorded' }

describe('ids', () => {
  it('are the axie and the moment it was listed or sold, or the transaction', () => {
    expect(listing.listingId).toBe('axie:42:1000')
    expect(sale.saleId).toBe('axie:42:2000')
    expect(saleIdOf('42', { txHash: '0xfe', soldAt: 2_000 })).toBe('axie:42:0xfe')
  })

  it('of events do not depend on when they were read', () => {
    const later = { ...seen, observedAt: 9_000 }
    expect(listingEvent(listing, later).eventId).toBe(listingEvent(listing, seen).eventId)
    expect(saleEvent(sale, later).eventId).toBe(saleEvent(sale, seen).eventId)
  })

  it('tell a listing from the same listing at a lower price', () => {
    expect(listingAgainEvent(listing, seen).eventId).not.toBe(listingEvent(listing, seen).eventId)
  })
})

describe('ids of what is learnt', () => {
  it('are the same however often it is written, and whenever', () => {
    const later = { ...seen, observedAt: 9_000 }
    const losses = { modelId: 'b', sales: 120, championLoss: 9, difference: 0.2, squares: 0.1 }
    const compared = { block: 3, champion: { modelId: 'a', since: 1 }, from: 1, to: 2, others: [losses], alertedSales: 0 }
    const money = {
      rule: 'steal',
      day: '2022-04-16',
      modelId: 'a',
      matured: 9,
      gained: 5,
      unsold: 1,
      gainUsd: 9,
      lossUsd: 3,
      vetoes: false,
    }
    const challenger = { modelId: 'b', featureSetHash: 'f', trainedUntil: 1, reason: 'nightly' }
    for (const write of [
      (observation: Observation) => modelsComparedEvent(compared, observation),
      (observation: Observation) => moneyEvidenceEvent(money, observation),
      (observation: Observation) => challengerNamedEvent(challenger, observation),
    ])
      expect(write(later).eventId).toBe(write(seen).eventId)
    expect(modelsComparedEvent({ ...compared, block: 4 }, seen).eventId).not.toBe(modelsComparedEvent(compared, seen).eventId)
  })

  it('of what people say have its moment: they may say it again', () => {
    const held = { isHeld: true, reason: 'holidays' }
    expect(learningHeldEvent(held, { ...seen, observedAt: 9_000 }).eventId).not.toBe(learningHeldEvent(held, seen).eventId)
  })
})

describe('an event', () => {
  it('happened when the market says, and was observed when we knew it', () => {
    expect(saleEvent(sale, seen)).toMatchObject({ eventTime: 2_000, observedAt: 3_000, origin: 'live', source: 'recorded' })
    expect(listingEvent(listing, seen).eventTime).toBe(1_000)
  })

  it('gives its payload to the case of its kind', () => {
    const word = () => 'something else'
    const answer = matchPayload(saleEvent(sale, seen), {
      Listing: word,
      AskSeen: word,
      Cancellation: word,
      Sale: ({ saleId }) => saleId,
      ExchangeRate: word,
      LeaderboardSnapshot: word,
      ModelPromoted: word,
      RulesChanged: word,
      ChallengerNamed: word,
      ModelRolledBack: word,
      ModelBarred: word,
      ModelsCompared: word,
      MoneyEvidence: word,
      LearningHeld: word,
      DecisionHeld: word,
    })
    expect(answer).toBe('axie:42:2000')
    expect(payloadOf(listingEvent(listing, seen))).toEqual({ kind: 'Listing', value: listing })
  })
})
