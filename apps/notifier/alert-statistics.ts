import { dayMillis } from '#lib/clock/durations.ts'
import { median } from '#lib/numbers/median.ts'
import { type Missed, missedOf, rejectedFrom } from '#lib/outcomes/missed-winners.ts'
import { percent, signedUsd, usd } from '#lib/words/format.ts'
import type { Notification, Outcome } from '#schemas/types.ts'
import { marketplaceLink } from './card.ts'
import { plain } from './discord-text.ts'

export const weekMillis = 7 * dayMillis
/** The first Monday since 1970. */
const firstMonday = 4 * dayMillis

/** Monday, midnight UTC, of the week of that time. */
export const weekOf = (time: number): number => firstMonday + Math.floor((time - firstMonday) / weekMillis) * weekMillis

/** What a buyer of these would have got, as far as it is known: only what was resold has a result. */
export type Result = Readonly<{
  count: number
  resold: number
  gained: number
  medianNetUsd: number | null
  sumNetUsd: number
  sumNetEth: number
}>

export type AlertStatistics = Readonly<{
  from: number
  to: number
  alerts: number
  /** Shares of those whose listing is known to have been there, or gone, by then; null where there are none. */
  stillThereAfter10Seconds: number | null
  stillThereAfter60Seconds: number | null
  /** Had every alert been bought at its ask. */
  paper: Result
  /** Those that someone said they bought. */
  realized: Result
  randomBuyer: Result
  /** Candidates that a rule wanted and a check or guard rejected. */
  rejected: Result
  missed: Missed
}>

/** Figures of the alerts of that time: `from` included, `to` not. */
export function statisticsOf(outcomes: Iterable<Outcome>, { from, to }: { from: number; to: number }): AlertStatistics {
  const all = [...outcomes]
  const isWithin = ({ alertedAt }: Outcome): boolean => alertedAt >= from && alertedAt < to
  const within = all.filter(isWithin)
  const alerts = within.filter(({ kind }) => kind === 'alert')
  const rejected = rejectedFrom(all).filter(isWithin)
  const newest = Math.max(...within.map(({ alertedAt, goneAt }) => Math.max(alertedAt, goneAt ?? 0)))
  return {
    from,
    to,
    alerts: alerts.length,
    stillThereAfter10Seconds: shareStillThere(alerts, 10_000, newest),
    stillThereAfter60Seconds: shareStillThere(alerts, 60_000, newest),
    paper: resultOf(alerts),
    realized: resultOf(alerts.filter(({ bought }) => bought)),
    randomBuyer: resultOf(within.filter(({ kind }) => kind === 'random')),
    rejected: resultOf(rejected),
    missed: missedOf(rejected),
  }
}

function shareStillThere(alerts: readonly Outcome[], millis: number, newest: number): number | null {
  const seenLongEnough = alerts.filter(({ alertedAt, goneAt }) => goneAt !== null || newest >= alertedAt + millis)
  const there = seenLongEnough.filter(({ alertedAt, goneAt }) => goneAt === null || goneAt > alertedAt + millis)
  return seenLongEnough.length === 0 ? null : there.length / seenLongEnough.length
}

function resultOf(outcomes: readonly Outcome[]): Result {
  const resold = outcomes.flatMap(({ netUsd, netEth }) => (netUsd === null ? [] : [{ netUsd, netEth: netEth ?? 0 }]))
  return {
    count: outcomes.length,
    resold: resold.length,
    gained: resold.filter(({ netUsd }) => netUsd > 0).length,
    medianNetUsd: resold.length === 0 ? null : median(resold.map(({ netUsd }) => netUsd)),
    sumNetUsd: resold.reduce((sum, { netUsd }) => sum + netUsd, 0),
    sumNetEth: resold.reduce((sum, { netEth }) => sum + netEth, 0),
  }
}

function describeMissed({ reasons, winners }: Missed): string[] {
  const counted = reasons.map(({ reason, count, gained, lost }) => `${count} ${reason} (${gained} would have gained, ${lost} lost)`)
  const winner = ({ axieId, reason, askUsd, netUsd }: Missed['winners'][number]) =>
    `**${signedUsd(netUsd)}** [#${plain(axieId, 24)}](${marketplaceLink(axieId.slice(0, 40))}) at ${usd(askUsd)}: ${reason}`
  return [
    ...(counted.length === 0 ? [] : [`why: ${counted.join(', ')}`]),
    ...(winners.length === 0 ? [] : [`**Missed winners** ${winners.map(winner).join(' · ')}`]),
  ]
}

const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** For people, in Discord's markdown. */
export function describeStatistics(statistics: AlertStatistics, notifications: readonly Notification[]): string {
  const share = (value: number | null) => (value === null ? 'unknown' : percent(value))
  const result = (name: string, { count, resold, gained, medianNetUsd, sumNetUsd, sumNetEth }: Result) =>
    `**${name}** ${count}: ${
      resold === 0 || medianNetUsd === null
        ? 'none resold yet'
        : `${resold} resold, ${percent(gained / resold)} with a gain, median ${signedUsd(medianNetUsd)}, in all ${signedUsd(sumNetUsd)} (${sumNetEth.toFixed(4)} ETH)`
    }`
  const counts = Map.groupBy(notifications, ({ status }) => status)
  const counted = [...counts].map(([status, all]) => `${all.length} ${status}`).join(', ')
  return [
    `**${statistics.alerts} alerts** from ${isoDay(statistics.from)} to ${isoDay(statistics.to)}`,
    `still there after 10 s ${share(statistics.stillThereAfter10Seconds)}, after 60 s ${share(statistics.stillThereAfter60Seconds)}`,
    result('All alerts, on paper', statistics.paper),
    result('Bought, as people said', statistics.realized),
    result('Random buyer', statistics.randomBuyer),
    result('Rejected', statistics.rejected),
    ...describeMissed(statistics.missed),
    'Net of the market’s fee; only what was resold within 14 days counts, which is the luckier part.',
    ...(counted === '' ? [] : [`Messages: ${counted}.`]),
  ].join('\n')
}
