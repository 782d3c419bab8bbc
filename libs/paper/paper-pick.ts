import { traitsOfProfile } from '#lib/axie/similarity.ts'
import { type LikenessKeys, likenessKeysOf } from '#lib/backtest/money/sale-book.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import type { Alert, PaperTrade } from '#schemas/types.ts'
import { paperSettings } from './paper-account.ts'

/** A purchase before it is decided, and what its like is known by. */
export type PaperPick = Readonly<{ trade: PaperTrade; keys: LikenessKeys }>

/** The part of a trade that its moment and its ask decide. The first price is the forecast's until it is known what its like sell for. */
export function pickedAt(
  at: number,
  { startedAt, askUsd, firstPriceUsd }: { startedAt: number; askUsd: number; firstPriceUsd: number | null },
) {
  const boughtAt = at + paperSettings.delaySeconds * 1_000
  return {
    ...{ startedAt, alertedAt: at, boughtAt, until: boughtAt + paperSettings.horizonHours * hourMillis },
    ...{ askUsd, costUsd: askUsd + paperSettings.gasUsd, firstPriceUsd },
    ...{ state: 'missed' as const, missedFor: null, endedAt: null, priceUsd: null, gainUsd: null, saleId: null },
  }
}

export function pickOf({ alertId, listingId, rulesHash, scored }: Alert, account: string): PaperPick {
  const { listing, quantilesUsd } = scored
  const { item, ask, observedAt, source } = listing
  const trade: PaperTrade = {
    ...{ tradeId: `${account}/${alertId}`, account, alertId, rulesHash, listingId, source },
    ...{ tokenId: item.tokenId, class: item.class, breedCount: item.breedCount },
    ...pickedAt(observedAt, { startedAt: ask.startedAt, askUsd: ask.usd, firstPriceUsd: quantilesUsd.q50 }),
  }
  return { trade, keys: likenessKeysOf(traitsOfProfile(item)) }
}
