import { dayMillis } from '#lib/clock/durations.ts'
import type { Trade } from './trade-book.ts'

/** What purchases of one day came to, where they were sold on. */
export type Profit = Readonly<{
  purchases: number
  resold: number
  gained: number
  /** The sum over those sold on, after fee and ask; what was not sold on is neither gain nor loss yet. */
  netUsd: number
  /** Asks of those not sold on. */
  unsoldUsd: number
}>

/** A rule's alerts of a day, all bought, beside as many purchases by the buyer who picks at random. */
export type ProfitRow = Readonly<{
  /** The day's beginning in UTC, by the market's clock. */
  day: number
  rule: string
  alerts: Profit
  random: Profit
  /** The random buyer's net a purchase, times the rule's purchases; null where nobody bought at random that day. */
  randomSameCountUsd: number | null
}>

/** By day and rule, newest day first. */
export function profitTable(trades: readonly Trade[]): ProfitRow[] {
  const days = Map.groupBy(trades, ({ at }) => Math.floor(at / dayMillis) * dayMillis)
  return [...days]
    .sort(([a], [b]) => b - a)
    .flatMap(([day, ofDay]) => {
      const random = profitOf(ofDay.filter(({ kind }) => kind === 'random'))
      const rules = Map.groupBy(
        ofDay.filter(({ kind }) => kind === 'alert'),
        ({ rule }) => rule ?? '',
      )
      return [...rules]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([rule, picks]) => {
          const alerts = profitOf(picks)
          const each = random.purchases === 0 ? null : random.netUsd / random.purchases
          return { day, rule, alerts, random, randomSameCountUsd: each === null ? null : each * alerts.purchases }
        })
    })
}

export function profitOf(trades: readonly Trade[]): Profit {
  const nets = trades.flatMap(({ netUsd }) => netUsd ?? [])
  return {
    purchases: trades.length,
    resold: nets.length,
    gained: nets.filter((net) => net > 0).length,
    netUsd: nets.reduce((sum, net) => sum + net, 0),
    unsoldUsd: trades.reduce((sum, { netUsd, askUsd }) => sum + (netUsd === null ? askUsd : 0), 0),
  }
}
