/**
 * Strategies at equal capital, limits and delay. Each day is an account of its own that begins with the capital, so that days can be
 * compared and an interval taken over them; beside it one account lives through all days. Dollars are means over draws of luck.
 */

import { dayMillis } from '#lib/clock/durations.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import { type Account, type ExitKind, exitKinds, isSold, runAccount, type Schedule, scheduleOf, type Trade } from './account.ts'
import type { Day } from './days.ts'
import { luckOf } from './luck.ts'
import type { Opportunity } from './opportunity.ts'
import type { ExecutionSettings } from './settings.ts'
import { dayOf } from './strategies.ts'

/** What it buys in a draw: the same each time, or drawn anew. */
export type Strategy = Readonly<{ name: string; picksOf: (draw: number) => readonly Opportunity[]; isDrawn: boolean }>

export const fixed = (name: string, picks: readonly Opportunity[]): Strategy => ({ name, picksOf: () => picks, isDrawn: false })

export type Contest = Readonly<{ days: readonly Day[]; settings: ExecutionSettings; seed: number }>

/** Fewer days tell nothing of other days. */
export const leastDays = 4

export type StrategyMoney = Readonly<{
  name: string
  picks: number
  /** Means over draws, of the accounts of single days, all days together. */
  bought: number
  exits: Readonly<Record<ExitKind, number>>
  /** The share of what was bought that was sold at a gain. */
  gainedShare: number
  usdByDay: readonly Readonly<{ day: string; bought: number; usd: number }>[]
  /** Mean of the days that count; of all days where none does. */
  usdPerDay: number
  interval: Interval | null
  /** Gain / sum of cost × days held: what a dollar bound for a day brought. */
  gainPerBoundUsdDay: number
  oneAccount: OneAccount
  /** Dollars of the days that count, of each draw. */
  draws: readonly number[]
}>

/** One account through all days. */
export type OneAccount = Readonly<{
  bought: number
  usd: number
  /** Between which 90% of the draws lie. */
  usdOfDraws: Interval | null
  /** What was paid for all that found no buyer. */
  stuckUsd: number
}>

export const moneyOf = (strategy: Strategy, contest: Contest): StrategyMoney => moneyUnder(strategy, contest, [contest.settings])[0]!

/** The same draws under several settings that change neither what could be bought nor when: chances to sell, liquidation, capital, limits. */
export function moneyUnder(strategy: Strategy, { days, settings, seed }: Contest, variants: readonly ExecutionSettings[]): StrategyMoney[] {
  const tallies = variants.map(() => createTally(days))
  const planned = strategy.isDrawn ? null : planOf(strategy.picksOf(0), days)
  for (let draw = 0; draw < settings.draws; draw++) {
    const luck = luckOf(seed, draw)
    const plan = planned ?? planOf(strategy.picksOf(draw), days)
    for (const [place, variant] of variants.entries()) {
      tallies[place]!.add(
        plan.days.map((schedule) => runAccount(schedule, variant, luck)),
        runAccount(plan.whole, variant, luck),
      )
    }
  }
  const picks = mean(Array.from({ length: strategy.isDrawn ? settings.draws : 1 }, (_, draw) => strategy.picksOf(draw).length))
  return tallies.map((tally) => ({ name: strategy.name, picks, ...tally.result() }))
}

type Plan = Readonly<{ days: readonly Schedule[]; whole: Schedule }>

function planOf(picks: readonly Opportunity[], days: readonly Day[]): Plan {
  const byDay = Map.groupBy(picks, ({ offer }) => dayOf(offer))
  return { days: days.map(({ number }) => scheduleOf(byDay.get(number) ?? [])), whole: scheduleOf(picks) }
}

/** Where no day counts, all do. */
const countsIn = (days: readonly Day[], place: number): boolean => days[place]!.counts || !days.some(({ counts }) => counts)

/** Adds up draws. */
function createTally(days: readonly Day[]) {
  const exits = Object.fromEntries(exitKinds.map((kind) => [kind, 0])) as Record<ExitKind, number>
  const usdByDay = days.map(({ day }) => ({ day, bought: 0, usd: 0 }))
  const [draws, ones, stuck, counts]: [number[], number[], number[], number[]] = [[], [], [], []]
  let [gained, boundUsdDays] = [0, 0]

  function addDay(place: number, { trades }: Account): number {
    for (const trade of trades) {
      exits[trade.exit.kind]++
      if (isSold(trade) && trade.gainUsd > 0) gained++
      boundUsdDays += boundOf(trade)
    }
    const usd = gainOf(trades)
    usdByDay[place]!.bought += trades.length
    usdByDay[place]!.usd += usd
    return usd
  }

  return {
    add(accounts: readonly Account[], { trades }: Account): void {
      const usd = accounts.map((account, place) => addDay(place, account))
      draws.push(sum(usd.filter((_, place) => countsIn(days, place))))
      ones.push(gainOf(trades))
      stuck.push(sum(trades.filter((trade) => !isSold(trade)).map(({ opportunity }) => opportunity.costUsd)))
      counts.push(trades.length)
    },
    result(): Omit<StrategyMoney, 'name' | 'picks'> {
      const count = draws.length
      const means = usdByDay.map(({ day, bought, usd }) => ({ day, bought: bought / count, usd: usd / count }))
      const counted = means.filter((_, place) => countsIn(days, place)).map(({ usd }) => usd)
      const bought = sum(Object.values(exits))
      return {
        bought: bought / count,
        exits: Object.fromEntries(exitKinds.map((kind) => [kind, exits[kind] / count])) as Record<ExitKind, number>,
        gainedShare: gained / bought,
        usdByDay: means,
        usdPerDay: mean(counted),
        interval: days.some(({ counts: one }) => one) ? meanInterval(counted, leastDays) : null,
        gainPerBoundUsdDay: sum(usdByDay.map(({ usd }) => usd)) / boundUsdDays,
        oneAccount: { bought: mean(counts), usd: mean(ones), usdOfDraws: middle(ones), stuckUsd: mean(stuck) },
        draws,
      }
    },
  }
}

const gainOf = (trades: readonly Trade[]): number => sum(trades.map(({ gainUsd }) => gainUsd))
const boundOf = ({ opportunity, exit }: Trade): number => (opportunity.costUsd * (exit.at - opportunity.boughtAt)) / dayMillis

export type Comparison = Readonly<{
  with: string
  /** Mean over the days that count of what the alerts earned more. */
  moreUsdPerDay: number
  interval: Interval | null
  /** Whether the interval keeps clear of zero; null without one. */
  separates: boolean | null
}>

/** The same days side by side: what makes a day good for all is not counted for either. */
export function compareByDay(one: StrategyMoney, other: StrategyMoney, days: readonly Day[]): Comparison {
  const more = one.usdByDay.map(({ usd }, place) => usd - other.usdByDay[place]!.usd).filter((_, place) => countsIn(days, place))
  const interval = days.some(({ counts }) => counts) ? meanInterval(more, leastDays) : null
  return {
    with: other.name,
    moreUsdPerDay: mean(more),
    interval,
    separates: interval === null ? null : interval.low > 0 || interval.high < 0,
  }
}

/**
 * How often a buyer who knows nothing does at least as well: a permutation test over the draws of matched random picks (the alerts count as
 * one of them, so it is never 0). Luck is averaged out of the alerts' dollars and not out of a draw's, which makes it the harder test.
 */
export function pValueOf(alerts: StrategyMoney, random: StrategyMoney): number {
  const reached = random.draws.filter((usd) => usd >= mean(alerts.draws)).length
  return (1 + reached) / (1 + random.draws.length)
}

function middle(values: readonly number[]): Interval | null {
  if (values.length < 20) return null
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
  return { low: at(0.05), high: at(0.95) }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
