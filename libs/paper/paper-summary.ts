import { dayMillis, hourMillis } from '#lib/clock/durations.ts'
import type { PaperTrade } from '#schemas/types.ts'
import { paperSettings } from './paper-account.ts'

/** What paper trades came to. Every bought one is in one of the five states; gains are of those that ended. */
export type PaperFigures = Readonly<{
  alerts: number
  /** Not bought, by why. */
  missed: Readonly<Record<string, number>>
  bought: number
  offered: number
  resold: number
  alike: number
  unsold: number
  censored: number
  /** Sold at a gain, by a sale that really was. */
  gained: number
  spentUsd: number
  gainUsd: number
  /** What those on offer cost. */
  offeredUsd: number
}>

export type PaperAccountSummary = Readonly<{
  account: string
  since: number
  figures: PaperFigures
  /** Money now; what is on offer is not in it. */
  cashUsd: number
  /** Hour by hour, at most so many points that a picture needs. */
  curve: readonly PaperPoint[]
}>

export type PaperPoint = Readonly<{ at: number; cashUsd: number; offeredUsd: number; gainUsd: number }>

export type PaperDay = Readonly<{
  /** The day's beginning in UTC, by the market's clock: that of the alerts. */
  day: number
  account: string
  figures: PaperFigures
}>

/** More than a screen has room for. */
const maxPoints = 240
/** Longer without an alert, an account is of a rule that is no longer in force. */
const awakeMillis = 28 * dayMillis

/** By account, in the order of their names. */
export function paperAccounts(trades: readonly PaperTrade[]): PaperAccountSummary[] {
  return groupsOf(trades, ({ account }) => account).map(([account, own]) => ({ ...summaryOf(account, own), curve: curveOf(own) }))
}

type WithoutCurve = Omit<PaperAccountSummary, 'curve'>

function summaryOf(account: string, own: readonly PaperTrade[]): WithoutCurve {
  const figures = paperFigures(own)
  const cashUsd = paperSettings.capitalUsd + figures.gainUsd - figures.offeredUsd
  return { account, since: own.reduce((first, { alertedAt }) => Math.min(first, alertedAt), Number.POSITIVE_INFINITY), figures, cashUsd }
}

/** Accounts that did anything since four weeks before the end, with what they did with the alerts of that time: `from` included, `to` not. */
export function paperAccountsWithin(trades: readonly PaperTrade[], { from, to }: Readonly<{ from: number; to: number }>): WithoutCurve[] {
  return groupsOf(trades, ({ account }) => account).flatMap(([account, own]) => {
    if (!own.some(({ alertedAt }) => alertedAt >= to - awakeMillis)) return []
    const figures = paperFigures(own.filter(({ alertedAt }) => alertedAt >= from && alertedAt < to))
    return [{ ...summaryOf(account, own), figures }]
  })
}

/** By day and account, newest day first. */
export function paperDays(trades: readonly PaperTrade[]): PaperDay[] {
  const days = Map.groupBy(trades, ({ alertedAt }) => Math.floor(alertedAt / dayMillis) * dayMillis)
  return [...days]
    .sort(([one], [other]) => other - one)
    .flatMap(([day, ofDay]) =>
      groupsOf(ofDay, ({ account }) => account).map(([account, own]) => ({ day, account, figures: paperFigures(own) })),
    )
}

export function paperFigures(trades: readonly PaperTrade[]): PaperFigures {
  const count = (...states: readonly PaperTrade['state'][]) => trades.filter(({ state }) => states.includes(state)).length
  const sum = (those: readonly PaperTrade[], read: (trade: PaperTrade) => number) => those.reduce((total, trade) => total + read(trade), 0)
  const bought = trades.filter(({ state }) => state !== 'missed')
  const missed = groupsOf(
    trades.filter(({ state }) => state === 'missed'),
    ({ missedFor }) => missedFor ?? '',
  )
  return {
    alerts: trades.length,
    missed: Object.fromEntries(missed.map(([reason, own]) => [reason, own.length])),
    bought: bought.length,
    offered: count('offered'),
    resold: count('resold'),
    alike: count('alike'),
    unsold: count('unsold'),
    censored: count('censored'),
    gained: trades.filter(({ state, gainUsd }) => (state === 'resold' || state === 'alike') && (gainUsd ?? 0) > 0).length,
    spentUsd: sum(bought, ({ costUsd }) => costUsd),
    gainUsd: sum(trades, ({ gainUsd }) => gainUsd ?? 0),
    offeredUsd: sum(trades, ({ state, costUsd }) => (state === 'offered' ? costUsd : 0)),
  }
}

/** What those that ended cost. */
const endedCost = ({ spentUsd, offeredUsd }: PaperFigures): number => spentUsd - offeredUsd

/** What the dollars of these purchases would have come to in the hands of who buys at random; null where none of that buyer's ended. */
export function atRandom(figures: PaperFigures, random: PaperFigures | undefined): number | null {
  if (random === undefined || !(endedCost(random) > 0)) return null
  return (random.gainUsd / endedCost(random)) * endedCost(figures)
}

/** At every hour in which something happened, thinned out evenly where they are many. */
function curveOf(trades: readonly PaperTrade[]): PaperPoint[] {
  const steps = trades
    .filter(({ state }) => state !== 'missed')
    .flatMap((trade) => [
      { at: trade.boughtAt, cash: -trade.costUsd, offered: trade.costUsd, gain: 0 },
      ...(trade.endedAt === null
        ? []
        : [{ at: trade.endedAt, cash: trade.costUsd + (trade.gainUsd ?? 0), offered: -trade.costUsd, gain: trade.gainUsd ?? 0 }]),
    ])
    .sort((one, other) => one.at - other.at)
  const points = new Map<number, PaperPoint>()
  let [cashUsd, offeredUsd, gainUsd] = [paperSettings.capitalUsd, 0, 0]
  for (const { at, cash, offered, gain } of steps) {
    cashUsd += cash
    offeredUsd += offered
    gainUsd += gain
    const hour = (Math.floor(at / hourMillis) + 1) * hourMillis
    points.set(hour, { at: hour, cashUsd, offeredUsd, gainUsd })
  }
  const all = [...points.values()]
  const every = Math.ceil(all.length / maxPoints)
  return all.filter((_, index) => (all.length - 1 - index) % every === 0)
}

const groupsOf = <Item>(items: readonly Item[], keyOf: (item: Item) => string): [string, Item[]][] =>
  [...Map.groupBy(items, keyOf)].sort(([one], [other]) => (one < other ? -1 : 1))
