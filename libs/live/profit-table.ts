import { dayMillis } from '#lib/clock/durations.ts'
import { netOf } from '#lib/positions/position-result.ts'
import type { Position } from '#schemas/types.ts'
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

/** A rule's alerts of a day, all bought, beside as many purchases by the buyer who picks at random, and beside what was really bought. */
export type ProfitRow = Readonly<{
  /** The day's beginning in UTC, by the market's clock. */
  day: number
  rule: string
  alerts: Profit
  random: Profit
  /** What people said that they bought that day by this rule's alerts. */
  real: Profit
  /** The random buyer's net a purchase, times the rule's purchases; null where nobody bought at random that day. */
  randomSameCountUsd: number | null
}>

/** What was bought by no alert that is known. */
export const noRule = ''

/** By day and rule, newest day first. */
export function profitTable(trades: readonly Trade[], positions: readonly Position[] = []): ProfitRow[] {
  const byDay = Map.groupBy(trades, ({ at }) => dayOf(at))
  const realByDay = Map.groupBy(positions, ({ boughtAt }) => dayOf(boughtAt))
  const days = [...new Set([...byDay.keys(), ...realByDay.keys()])].sort((a, b) => b - a)
  return days.flatMap((day) => rowsOf(day, byDay.get(day) ?? [], realByDay.get(day) ?? []))
}

const dayOf = (time: number): number => Math.floor(time / dayMillis) * dayMillis

function rowsOf(day: number, trades: readonly Trade[], positions: readonly Position[]): ProfitRow[] {
  const random = profitOf(trades.filter(({ kind }) => kind === 'random'))
  const each = random.purchases === 0 ? null : random.netUsd / random.purchases
  const picks = Map.groupBy(
    trades.filter(({ kind }) => kind === 'alert'),
    ({ rule }) => rule ?? noRule,
  )
  const bought = Map.groupBy(positions, ({ rule }) => rule ?? noRule)
  return [...new Set([...picks.keys(), ...bought.keys()])].sort().map((rule) => {
    const alerts = profitOf(picks.get(rule) ?? [])
    const real = profitOf((bought.get(rule) ?? []).map(soldOn))
    return { day, rule, alerts, random, real, randomSameCountUsd: each === null || alerts.purchases === 0 ? null : each * alerts.purchases }
  })
}

const soldOn = (position: Position): Purchase => ({ askUsd: position.boughtUsd, netUsd: netOf(position) })

type Purchase = Pick<Trade, 'askUsd' | 'netUsd'>

export function profitOf(trades: readonly Purchase[]): Profit {
  const nets = trades.flatMap(({ netUsd }) => netUsd ?? [])
  return {
    purchases: trades.length,
    resold: nets.length,
    gained: nets.filter((net) => net > 0).length,
    netUsd: nets.reduce((sum, net) => sum + net, 0),
    unsoldUsd: trades.reduce((sum, { netUsd, askUsd }) => sum + (netUsd === null ? askUsd : 0), 0),
  }
}
