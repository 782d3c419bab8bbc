import { anatomyOf, isEgg } from '#lib/axie/anatomy.ts'
import type { LikenessKeys } from '#lib/backtest/money/sale-book.ts'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { payloadOf } from '#lib/market/event.ts'
import { readEvent } from '#lib/market/read-event.ts'
import type { AxieHistories } from '#lib/outcomes/axie-histories.ts'
import { endOf } from '#lib/outcomes/outcome-of.ts'
import type { Alert, MarketEvent, PaperTrade } from '#schemas/types.ts'
import { createAlikeSales, keysOf, type PaperSale } from './alike-sales.ts'
import { apply, close, createPaperAccount, missOf, type PaperAccount, paperSettings, soldBy, unsold } from './paper-account.ts'
import { type PaperPick, pickOf } from './paper-pick.ts'

/**
 * Paper accounts: one for each rule that alerts, one for the ancestor's, and one that buys at random. Alerts, the market and what is
 * published come from several topics in any order, so nothing is decided as it is heard:
 *
 * 1. What is published stays: it is loaded, and the accounts stand where it left them.
 * 2. Alerts and sales wait until the market's clock is past them by `settledMillis`; then they are taken in the order of their time.
 * 3. What that decides is published before anything else is decided. Killed between, the next start decides it again from the same.
 *
 * A rule that is no longer in force buys nothing more; what its account has is sold on as before, and the account goes on if it returns.
 */
export interface PaperBook {
  /** What an earlier start published; all of it before the first `settle`. */
  load(trade: PaperTrade): void
  /** After the histories have heard of it. */
  observe(event: MarketEvent): void
  alerted(alert: Alert, account?: string): void
  /** For an account that buys what no rule alerts. */
  picked(pick: PaperPick): void
  /** Decides what can be decided by now; what is new or revised, in order. */
  settle(): PaperTrade[]
  /** By account: money, and what is on offer. */
  accounts(): ReadonlyMap<string, PaperAccount>
}

/** The ancestor's rule, whatever is in force. No rule can have this name. */
export const classicAccount = 'preset:classic'

/** The market's news arrive within so long. */
const settledMillis = 10 * minuteMillis
/** Longer than a listing is followed for. */
const keptMillis = 15 * dayMillis
/** Longer than the log keeps what could be decided once more. */
const knownMillis = 120 * dayMillis

type Step =
  | Readonly<{ kind: 'sale'; at: number; id: string; sale: PaperSale }>
  | Readonly<{ kind: 'pick'; at: number; id: string; trade: PaperTrade }>

export function createPaperBook(histories: Pick<AxieHistories, 'get'>): PaperBook {
  const trades = new Map<string, PaperTrade>()
  /** Bought lately, by account and axie. */
  const bought = new Map<string, PaperTrade[]>()
  const keys = new Map<string, LikenessKeys>()
  const accounts = new Map<string, PaperAccount>()
  const alike = createAlikeSales()
  const seen = new Map<string, number>()
  let waiting: Step[] = []
  let clock = Number.NEGATIVE_INFINITY
  /** The oldest live event that the log still has: what became of alerts before it is forgotten. */
  let logFrom = Number.POSITIVE_INFINITY
  let isLoaded = false
  let sweptHour = Number.NaN

  const accountOf = (name: string): PaperAccount => {
    const account = accounts.get(name) ?? createPaperAccount()
    accounts.set(name, account)
    return account
  }
  const take = (trade: PaperTrade): void => {
    apply(accountOf(trade.account), { trade, keys: keys.get(trade.tradeId) ?? null })
    if (trade.state === 'missed') return
    const place = placeOf(trade.account, trade.tokenId)
    bought.set(place, [...(bought.get(place) ?? []), trade])
  }

  const begin = (): void => {
    if (isLoaded) return
    isLoaded = true
    // In the order of their ends: all have the same time.
    for (const trade of [...trades.values()].sort((one, other) => one.boughtAt - other.boughtAt)) take(trade)
  }

  const noteSale = (event: MarketEvent, sale: PaperSale): void => {
    if (seen.has(sale.id)) return
    seen.set(sale.id, sale.at)
    alike.note(sale)
    if (event.origin === 'live') waiting.push({ kind: 'sale', at: sale.at, id: sale.id, sale })
  }

  const revised = (account: PaperAccount, trade: PaperTrade): PaperTrade => {
    trades.set(trade.tradeId, trade)
    close(account, trade)
    return trade
  }

  const pick = ({ trade, keys: likeness }: PaperPick): void => {
    if (keys.has(trade.tradeId)) return
    keys.set(trade.tradeId, likeness)
    if (!trades.has(trade.tradeId)) waiting.push({ kind: 'pick', at: trade.boughtAt, id: trade.tradeId, trade })
  }

  const endBefore = (time: number): PaperTrade[] =>
    [...accounts.values()].flatMap((account) => {
      const ended: PaperTrade[] = []
      for (const { trade, keys: likeness } of account.open.values()) {
        const { until, boughtAt, tokenId } = trade
        if (until >= time) break
        const worth = likeness && alike.priceAt(until, { tokenId, keys: likeness }, ['alike', 'similar', 'kind'], paperSettings.offerSales)
        const isObserved = likeness !== null && alike.observedShare(boughtAt, until) >= paperSettings.leastObserved
        ended.push(revised(account, unsold(trade, { likeUsd: worth ?? 0, isObserved })))
      }
      return ended
    })

  /** The sale that took the listing itself: had we bought it, it would never have been. */
  const isPreempted = (name: string, { tokenId, id, at }: PaperSale): boolean =>
    (bought.get(placeOf(name, tokenId)) ?? []).some((trade) => trade.boughtAt < at && endOf(trade, histories.get(tokenId), at)?.id === id)

  const buy = (found: PaperTrade): PaperTrade => {
    const account = accountOf(found.account)
    const missedFor = missOf(account, found, endOf(found, histories.get(found.tokenId), found.boughtAt) !== null)
    const { tokenId, tradeId, boughtAt, firstPriceUsd: forecastUsd } = found
    const likeness = keys.get(tradeId) as LikenessKeys
    // Without a forecast, what is less alike must do.
    const likenesses = forecastUsd === null ? (['alike', 'similar', 'kind'] as const) : (['alike'] as const)
    const knownUsd = alike.priceAt(boughtAt, { tokenId, keys: likeness }, likenesses, paperSettings.offerSales) ?? forecastUsd
    const firstPriceUsd = missedFor === null && knownUsd !== null ? knownUsd * (1 - paperSettings.undercutRatio) : null
    const trade: PaperTrade = { ...found, state: missedFor === null ? 'offered' : 'missed', missedFor, firstPriceUsd }
    trades.set(tradeId, trade)
    take(trade)
    return trade
  }

  const sell = (sale: PaperSale): PaperTrade[] =>
    [...accounts].flatMap(([name, account]) => {
      if (account.open.size === 0 || isPreempted(name, sale)) return []
      const trade = soldBy(account, sale)
      return trade === null ? [] : [revised(account, trade)]
    })

  const forget = (): void => {
    const hour = Math.floor(clock / hourMillis)
    if (hour === sweptHour) return
    sweptHour = hour
    const from = clock - keptMillis
    alike.forgetAt(clock)
    for (const [id, at] of seen) if (at < from) seen.delete(id)
    for (const { used } of accounts.values()) for (const [id, at] of used) if (at < from) used.delete(id)
    for (const [place, those] of bought) if (those.every(({ until }) => until < from)) bought.delete(place)
    for (const { tradeId, until } of trades.values()) {
      if (until < from) keys.delete(tradeId)
      if (until < clock - knownMillis) trades.delete(tradeId)
    }
  }

  return {
    load: (trade) => void trades.set(trade.tradeId, trade),
    observe(event) {
      if (event.origin === 'live') {
        clock = Math.max(clock, event.observedAt)
        logFrom = Math.min(logFrom, event.observedAt)
      }
      const sale = saleOf(event, histories)
      if (sale !== null) noteSale(event, sale)
    },
    alerted: (alert, account = alert.rule) => pick(pickOf(alert, account)),
    picked: pick,
    settle() {
      begin()
      const until = clock - settledMillis
      const due = waiting.filter(({ at }) => at <= until).sort(inOrder)
      waiting = waiting.filter(({ at }) => at > until)
      const changes = due.flatMap((step) => [
        ...endBefore(step.at),
        ...(step.kind === 'sale' ? sell(step.sale) : step.trade.alertedAt < logFrom ? [] : [buy(step.trade)]),
      ])
      changes.push(...endBefore(until))
      forget()
      return changes
    },
    accounts: () => accounts,
  }
}

const placeOf = (account: string, tokenId: string): string => `${account}/${tokenId}`

/** A sale at the very moment of a purchase is none that it could be sold by, so sales come first. */
const inOrder = (one: Step, other: Step): number =>
  one.at - other.at || (one.kind === other.kind ? (one.id < other.id ? -1 : 1) : one.kind === 'sale' ? -1 : 1)

/** Null: no sale, one without dollars, of an egg, or of what cannot be read. */
function saleOf(event: MarketEvent, histories: Pick<AxieHistories, 'get'>): PaperSale | null {
  const payload = payloadOf(event)
  if (payload.kind !== 'Sale' || isEgg(payload.value.item)) return null
  try {
    const content = readEvent(event)
    if (content.kind !== 'sale') return null
    const { saleId, item, soldAt } = content.sale
    const usd = content.usd ?? histories.get(item.tokenId).sales.find(({ id }) => id === saleId)?.usd ?? null
    return usd === null
      ? null
      : { id: saleId, tokenId: item.tokenId, breedCount: item.breedCount, at: soldAt, usd, keys: keysOf(anatomyOf(item)) }
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}
