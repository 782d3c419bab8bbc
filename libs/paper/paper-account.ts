/** One account that buys on paper what a rule alerts, and sells by a policy that anyone could follow. Decides; knows no log and no clock. */

import { liquidationUsd } from '#lib/backtest/money/account.ts'
import { luckOf } from '#lib/backtest/money/luck.ts'
import { priceAfter } from '#lib/backtest/money/opportunity.ts'
import type { LikenessKeys } from '#lib/backtest/money/sale-book.ts'
import { defaultExecution } from '#lib/backtest/money/settings.ts'
import type { PaperTrade } from '#schemas/types.ts'
import type { PaperSale } from './alike-sales.ts'

/** As in a backtest where nothing else is asked for: one table has them all. */
export const paperSettings = defaultExecution

/** By chance, but the same for every account and after every restart: whether the buyer of one alike would have taken ours. */
const luck = luckOf(1, 1)

/** Why an alert was not bought. */
export const missReasons = ['gone', 'held', 'dear', 'positions', 'money'] as const
export type MissReason = (typeof missReasons)[number]

/** On offer. Without keys, the alert that it was bought by is no longer remembered: it sells by its own resale only. */
export type Held = Readonly<{ trade: PaperTrade; keys: LikenessKeys | null }>

export type PaperAccount = {
  cashUsd: number
  /** What all that ended left. */
  gainUsd: number
  /** By axie. */
  readonly open: Map<string, Held>
  /** Real sales that were ours, and when they were: each is used once. */
  readonly used: Map<string, number>
}

export const createPaperAccount = (): PaperAccount => ({
  cashUsd: paperSettings.capitalUsd,
  gainUsd: 0,
  open: new Map(),
  used: new Map(),
})

/** Brings the account to where this trade has brought it: told once for each trade. */
export function apply(account: PaperAccount, { trade, keys }: Held): void {
  if (trade.state === 'missed') return
  account.cashUsd -= trade.costUsd
  if (trade.state === 'offered') account.open.set(trade.tokenId, { trade, keys })
  else close(account, trade)
}

/** What an ended trade leaves, in money and in what is used up. */
export function close(account: PaperAccount, trade: PaperTrade): void {
  if (account.open.get(trade.tokenId)?.trade.tradeId === trade.tradeId) account.open.delete(trade.tokenId)
  account.cashUsd += trade.costUsd + (trade.gainUsd ?? 0)
  account.gainUsd += trade.gainUsd ?? 0
  if (trade.saleId !== null) account.used.set(trade.saleId, trade.endedAt ?? 0)
}

/** Null: it is bought. `isGone`: somebody else had it, or its seller withdrew it, before a person could have bought it. */
export function missOf({ cashUsd, open }: PaperAccount, { tokenId, askUsd, costUsd }: PaperTrade, isGone: boolean): MissReason | null {
  if (isGone) return 'gone'
  if (open.has(tokenId)) return 'held'
  if (askUsd > paperSettings.perTradeUsd) return 'dear'
  if (open.size >= paperSettings.maximumPositions) return 'positions'
  return costUsd > cashUsd ? 'money' : null
}

/** The trade that this real sale ends, as it ends; null: none of ours. Its buyer buys one axie: this very one, or the cheapest alike. */
export function soldBy(account: PaperAccount, sale: PaperSale): PaperTrade | null {
  if (account.used.has(sale.id)) return null
  const own = account.open.get(sale.tokenId)?.trade
  if (own !== undefined && isOffered(own, sale))
    return own.breedCount === sale.breedCount ? ended(own, 'resold', { at: sale.at, usd: sale.usd, saleId: sale.id }) : null
  const asks = [...account.open.values()].flatMap(({ trade, keys }) => {
    if (keys === null || keys.alike !== sale.keys.alike || !isOffered(trade, sale)) return []
    const usd = priceAfter(trade.firstPriceUsd ?? Number.POSITIVE_INFINITY, sale.at - trade.boughtAt, paperSettings)
    return sale.usd >= usd ? [{ trade, usd }] : []
  })
  const cheapest = asks.sort((one, other) => one.usd - other.usd || (one.trade.tradeId < other.trade.tradeId ? -1 : 1))[0]
  if (cheapest === undefined || luck.race(sale.id) >= paperSettings.sellChance) return null
  return ended(cheapest.trade, 'alike', { at: sale.at, usd: cheapest.usd, saleId: sale.id })
}

const isOffered = ({ boughtAt, until }: PaperTrade, { at }: PaperSale): boolean => at > boughtAt && at <= until

function ended(
  trade: PaperTrade,
  state: 'resold' | 'alike',
  { at, usd, saleId }: Readonly<{ at: number; usd: number; saleId: string }>,
): PaperTrade {
  const { feeRatio, gasUsd } = paperSettings
  return { ...trade, state, endedAt: at, priceUsd: usd, gainUsd: usd * (1 - feeRatio) - gasUsd - trade.costUsd, saleId }
}

/** Nobody wanted it in its time: it goes for a share of what its like then sold for, so that the account can go on. */
export function unsold(trade: PaperTrade, { likeUsd, isObserved }: Readonly<{ likeUsd: number; isObserved: boolean }>): PaperTrade {
  return {
    ...trade,
    state: isObserved ? 'unsold' : 'censored',
    endedAt: trade.until,
    priceUsd: likeUsd * paperSettings.liquidationRatio,
    gainUsd: liquidationUsd(likeUsd, paperSettings) - trade.costUsd,
  }
}
