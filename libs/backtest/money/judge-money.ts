/** All that is said in dollars: the alerts beside what anyone could have bought of the same listings. */

import { dayMillis } from '#lib/clock/durations.ts'
import type { Interval } from '#lib/numbers/interval.ts'
import { meanInterval } from '#lib/numbers/student-t.ts'
import { exitKinds, type MissReason, runAccount, scheduleOf, type Trade } from './account.ts'
import type { Candidate } from './candidate.ts'
import { type Comparison, compareByDay, fixed, leastDays, moneyOf, pValueOf, type Strategy, type StrategyMoney } from './contest.ts'
import { type CurvePoint, curveOf, drawdownsOf } from './curve.ts'
import { type Day, daysOf } from './days.ts'
import { luckOf } from './luck.ts'
import { type Opportunity, opportunityOf, type Race } from './opportunity.ts'
import { expectedOf, type PickSummary, summarisePicks } from './picks.ts'
import type { SaleBook } from './sale-book.ts'
import { type Sensitivity, sensitivitiesOf } from './sensitivities.ts'
import type { ExecutionSettings } from './settings.ts'
import { createRandomBuyer, isAlerted, isBelowFloor, oncePerListing, passesSimilarSaleRule } from './strategies.ts'

export type MoneyCase = Readonly<{
  candidates: readonly Candidate[]
  book: SaleBook
  settings: ExecutionSettings
  race: Race
  span: Readonly<{ from: number; to: number }>
  seed: number
  /** Rule sets that were judged beside: the name, and where their verdicts stand. */
  beside: readonly Readonly<{ name: string; ruleSet: number }>[]
}>

export type StrategyResult = Readonly<
  Omit<StrategyMoney, 'draws'> & {
    /** Each pick alone, one of each and no limit of money. */
    summary: PickSummary
    /** The intervals of `summary` over the days that count; null below four. */
    intervals: Readonly<{ gainedShare: Interval | null; gainUsdPerPick: Interval | null }>
    /** That of the account that is shown (the first draw): from its highest worth, in liquidation value. */
    maximumDrawdownRatio: number
  }
>

export type Money = Readonly<{
  days: readonly Day[]
  countedDays: number
  /** The first is the alerts. */
  strategies: readonly StrategyResult[]
  comparisons: readonly Comparison[]
  /** Against random picks matched by day and tenth of the ask. */
  pValue: number
  sensitivities: readonly Sensitivity[]
  longerHorizon: LongerHorizon
  account: ShownAccount
  everything: PickSummary
}>

/** The same with more time to sell, told apart: fewer days can be judged. */
export type LongerHorizon = Readonly<{
  hours: number
  countedDays: number
  alertsUsdPerDay: number
  randomUsdPerDay: number
  interval: Interval | null
  summary: PickSummary
}>

/** One account through all days, in the first draw. */
export type ShownAccount = Readonly<{
  trades: readonly Trade[]
  missed: Readonly<Record<MissReason, number>>
  curve: readonly CurvePoint[]
}>

const longerTimes = 3

export function judgeMoney(given: MoneyCase): Money {
  const { settings } = given
  const world = worldOf(given, settings)
  const { opportunities, days, contest, strategies, alerted, random } = world
  const results = strategies.map((strategy) => resultOf(strategy, given, world))
  const [alerts] = results
  const moneyOfRandom = results.find(({ money }) => money.name === random.name)!.money
  return {
    days,
    countedDays: days.filter(({ counts }) => counts).length,
    strategies: results.map(({ result }) => result),
    comparisons: results.slice(1).map(({ money }) => compareByDay(alerts!.money, money, days)),
    pValue: pValueOf(alerts!.money, moneyOfRandom),
    sensitivities: sensitivitiesOf(alerted, random, contest),
    longerHorizon: longerHorizonOf(given, days),
    account: alerts!.shown,
    everything: summarisePicks(opportunities, settings),
  }
}

function worldOf(given: MoneyCase, settings: ExecutionSettings) {
  const { candidates, book, race, span, seed, beside } = given
  const listings = oncePerListing(candidates)
  const opportunities = listings.map((candidate) => opportunityOf(book, candidate, settings, race))
  const opportunityFor = new Map(opportunities.map((opportunity) => [opportunity.offer.listingId, opportunity]))
  const at = (picked: readonly Candidate[]): Opportunity[] => picked.map(({ listingId }) => opportunityFor.get(listingId)!)
  const chosen = (name: string, buys: (candidate: Candidate) => boolean): Strategy => fixed(name, at(listings.filter(buys)))
  // A falling price may be alerted at its second coming: the listing is then bought as it was alerted.
  const alertedListings = oncePerListing(candidates.filter((candidate) => isAlerted(candidate)))
  const alerted = alertedListings.map((candidate) => opportunityOf(book, candidate, settings, race))
  const randomBuyer = createRandomBuyer(listings, alertedListings)
  const random: Strategy = {
    name: 'random, matched',
    isDrawn: true,
    picksOf: remembered((draw) => at(randomBuyer(seed * settings.draws + draw))),
  }
  const days = daysOf(opportunities, span, settings)
  const strategies = [
    fixed('alerts', alerted),
    ...beside.map(({ name, ruleSet }) => chosen(name, (candidate) => isAlerted(candidate, ruleSet))),
    chosen('similar-sale rule', (candidate) => passesSimilarSaleRule(candidate, settings.feeRatio)),
    chosen('buy the floor', (candidate) => isBelowFloor(candidate, book)),
    random,
  ]
  return { opportunities, alerted, days, strategies, random, contest: { days, settings, seed } }
}

/** Asked again and again for the same draws. */
function remembered<Value>(make: (draw: number) => Value): (draw: number) => Value {
  const made = new Map<number, Value>()
  return (draw) => {
    const known = made.get(draw)
    if (known !== undefined) return known
    const value = make(draw)
    made.set(draw, value)
    return value
  }
}

type World = ReturnType<typeof worldOf>

function resultOf(strategy: Strategy, { book, settings, span, seed }: MoneyCase, { contest, days }: World) {
  const money = moneyOf(strategy, contest)
  const picks = strategy.picksOf(0)
  const { trades, missed } = runAccount(scheduleOf(picks), settings, luckOf(seed, 0))
  const curve = curveOf(trades, book, settings, span)
  const { draws: _, ...figures } = money
  const result: StrategyResult = {
    ...figures,
    summary: strategy.isDrawn ? meanSummary(strategy, settings) : summarisePicks(picks, settings),
    intervals: pickIntervals(picks, days, settings),
    maximumDrawdownRatio: Math.max(0, ...drawdownsOf(curve, settings.capitalUsd).map(({ ratio }) => ratio)),
  }
  return { money, result, shown: { trades, missed, curve } }
}

/** Days are what repeats; purchases of one day share its market. */
function pickIntervals(picks: readonly Opportunity[], days: readonly Day[], settings: ExecutionSettings): StrategyResult['intervals'] {
  const byDay = days
    .filter(({ counts }) => counts)
    .map(({ number }) => picks.filter(({ offer }) => Math.floor((offer.listedAt + 1) / dayMillis) === number))
    .filter((found) => found.length > 0)
    .map((found) => found.map((pick) => expectedOf(pick, settings)))
  const meansOf = (read: (expected: ReturnType<typeof expectedOf>) => number): number[] =>
    byDay.map((found) => found.reduce((sum, one) => sum + read(one), 0) / found.length)
  return {
    gainedShare: meanInterval(
      meansOf(({ gained }) => gained),
      leastDays,
    ),
    gainUsdPerPick: meanInterval(
      meansOf(({ gainUsd }) => gainUsd),
      leastDays,
    ),
  }
}

/** Member by member; draws of which a share cannot be taken are left out of its mean. */
function meanSummary(strategy: Strategy, settings: ExecutionSettings): PickSummary {
  const draws = Array.from({ length: settings.draws }, (_, draw) => summarisePicks(strategy.picksOf(draw), settings))
  const meanOf = (values: readonly number[]): number => {
    const known = values.filter(Number.isFinite)
    return known.reduce((sum, value) => sum + value, 0) / known.length
  }
  const members = (Object.keys(draws[0]!) as (keyof PickSummary)[]).filter((name) => name !== 'exits')
  return {
    ...Object.fromEntries(members.map((name) => [name, meanOf(draws.map((summary) => summary[name] as number))])),
    exits: Object.fromEntries(exitKinds.map((kind) => [kind, meanOf(draws.map(({ exits }) => exits[kind]))])),
  } as PickSummary
}

/** Means are over the days that count with the usual time, so that both are of the same days; an interval needs days of its own. */
function longerHorizonOf(given: MoneyCase, usualDays: readonly Day[]): LongerHorizon {
  const settings = { ...given.settings, horizonHours: given.settings.horizonHours * longerTimes }
  const { contest, days, alerted, random } = worldOf(given, settings)
  const [alerts, other] = [fixed('alerts', alerted), random].map((strategy) => moneyOf(strategy, { ...contest, days: usualDays }))
  const countedDays = days.filter(({ counts }) => counts).length
  return {
    hours: settings.horizonHours,
    countedDays,
    alertsUsdPerDay: alerts!.usdPerDay,
    randomUsdPerDay: other!.usdPerDay,
    interval: countedDays < leastDays ? null : moneyOf(fixed('alerts', alerted), contest).interval,
    summary: summarisePicks(alerted, settings),
  }
}
