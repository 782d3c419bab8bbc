import type { HttpAnswer } from '#lib/marketplace/transport.ts'

/** Answers as the marketplace gives them, for tests. */

export const partIds = ['eyes-clear', 'ears-nyan', 'mouth-lam', 'horn-lagging', 'back-hermit', 'tail-koi']

export const orderAnswer = () => ({
  id: 7,
  maker: '0xec787381aab599158a8f92f8989e36dc47474cff',
  kind: 'Sell',
  paymentToken: '0xc99a6a985ed2cac1ef41640596c5a5f9f4e19ef5',
  startedAt: 1_650_000_000,
  basePrice: '7000000000000000',
  endedAt: 0,
  endedPrice: '0',
  duration: 0,
  timeLeft: 0,
  currentPrice: '7000000000000000',
  suggestedPrice: '7000000000000000',
  currentPriceUsd: '21.00',
})

export const axieAnswer = (id = '1234567') => ({
  id,
  class: 'Aquatic',
  breedCount: 2,
  newGenes: '0x400000000000000010a1020a10a1020a10a1020a10a1020a10a1020a10a1020a',
  genes: null,
  image: `https://axiecdn.axieinfinity.com/axies/${id}/axie/axie-full-transparent.png`,
  parts: partIds.map((part) => ({ id: part })),
})

export const listedAnswer = (id?: string) => ({ ...axieAnswer(id), order: orderAnswer() })

/** With all that is asked for since 2026: an evolved, levelled Origin with a hat, and bids. */
export const listedOrigin = (id?: string) => ({
  ...listedAnswer(id),
  parts: partIds.map((part) => ({
    ...{ id: `${part}-2`, name: part, class: 'Aquatic', type: part.split('-')[0], specialGenes: null, stage: 2 },
  })),
  ...{ title: 'Origin', bodyShape: 'Fuzzy', stage: 4, axpInfo: { level: 31, onchainLevel: 24 }, battleInfo: { banned: false } },
  ...{ numMystic: 1, numJapan: 0, numXmas: 0, numSummer: 0, equipmentInstances: [{ name: 'Straw Hat', rarity: 'Rare' }] },
  highestOffer: { ...orderAnswer(), kind: 'Offer', currentPrice: '4000000000000000', currentPriceUsd: '12.00', expiredAt: 9_999_999_999 },
  numActiveOffers: 3,
  order: { ...orderAnswer(), status: 'OPEN', expiredAt: 9_999_999_999, nonce: 1 },
})

export const transferAnswer = (timestamp = 1_650_000_000) => ({
  from: '0xec787381aab599158a8f92f8989e36dc47474cff',
  to: '0x7c1ca8c9d1e23b8a1a06b0d0b3c8b6b1c2d3e4f5',
  timestamp,
  txHash: `0x${String(timestamp).padStart(64, '0')}`,
  withPrice: '7000000000000000',
  withPriceUsd: '21',
})

export const settledAnswer = (id?: string, timestamps: readonly number[] = [1_650_000_000]) => ({
  ...axieAnswer(id),
  transferHistory: { results: timestamps.map(transferAnswer) },
})

export const answerWith = (json: unknown): HttpAnswer => ({ json, heldAt: 1, marketTime: 2, quotaRemaining: null })
export const listingsPage = (...results: unknown[]) => ({ data: { axies: { total: results.length, results } } })
export const settledPage = (...results: unknown[]) => ({ data: { settledAuctions: { axies: { total: results.length, results } } } })
