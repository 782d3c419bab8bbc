/** A small market of sales for tests of the backtest: hand-written, so that every result can be checked by hand. */

import { anatomyOf } from '#lib/axie/anatomy.ts'
import { partTypes } from '#lib/axie/parts.ts'
import { traitsOf } from '#lib/axie/similarity.ts'
import type { Candidate } from '#lib/backtest/money/candidate.ts'
import { likenessKeysOf } from '#lib/backtest/money/sale-book.ts'
import { defaultExecution, type ExecutionSettings } from '#lib/backtest/money/settings.ts'
import { saleEvent, saleIdOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

export const hour = 3_600_000
export const start = Date.UTC(2026, 0, 5)
const ethUsd = 3_000

/** No delay, no gas, a buyer who always comes: numbers that can be checked in the head. */
export const plain: ExecutionSettings = {
  ...defaultExecution,
  delaySeconds: 0,
  gasUsd: 0,
  feeRatio: 0.04,
  undercutRatio: 0.1,
  sellChance: 1,
  horizonHours: 72,
}

const builds = {
  koi: ['eyes-scar', 'ears-inkling', 'mouth-risky-fish', 'horn-oranda', 'back-anemone', 'tail-koi'],
  nimo: ['eyes-gecko', 'ears-inkling', 'mouth-risky-fish', 'horn-shoal-star', 'back-sponge', 'tail-nimo'],
} as const

export type Build = keyof typeof builds

export const axie = (tokenId: string, build: Build = 'koi', breedCount = 0): Item => {
  const parts = builds[build]
  return { tokenId, class: 'Aquatic', breedCount, genes: null, parts: partTypes.map((_, index) => parts[index] as string), image: null }
}

/** A sale, some hours after the start. */
export function sold(item: Item, hours: number, usd: number): MarketEvent {
  const soldAt = start + hours * hour
  const sale = {
    saleId: saleIdOf(item.tokenId, { txHash: null, soldAt }),
    item,
    soldAt,
    priceWei: usdToWei(usd, ethUsd),
    priceUsd: String(usd),
  }
  return saleEvent({ ...sale, seller: null, buyer: null, txHash: null }, { observedAt: soldAt, origin: 'live', source: 'synthetic' })
}

/** Something was sold in every hour, of another kind: so that all hours count as observed. */
export const everyHour = (from: number, to: number, usd = 5): MarketEvent[] =>
  Array.from({ length: to - from }, (_, index) => sold(axie(String(90_000 + from + index), 'nimo', 7), from + index + 0.5, usd))

/** The listing that such a sale is taken for; nobody alerted on it. */
export const offered = (item: Item, hours: number, usd: number, change: Partial<Candidate> = {}): Candidate => ({
  listingId: `axie:${item.tokenId}:${hours}`,
  tokenId: item.tokenId,
  breedCount: item.breedCount,
  keys: likenessKeysOf(traitsOf(anatomyOf(item))),
  listedAt: start + hours * hour - 1,
  askUsd: usd,
  askWei: usdToWei(usd, ethUsd),
  class: 'aquatic',
  modelId: 'm',
  quantilesUsd: [10, 20, 30, 40, 50],
  exitQuantilesUsd: [9, 18, 27, 36, 45],
  similarUsd: null,
  verdicts: [{ rules: [], refusal: 'below_margin' }],
  promisedUsd: 0,
  ...change,
})
