import { dayMillis } from '#lib/clock/durations.ts'
import type { Outcome } from '#schemas/types.ts'
import { weekMillis, weekOf } from './alert-statistics.ts'

/** What is summed up. `startOf`: of the period that holds that time of the market. */
export type Period = Readonly<{ name: 'day' | 'week'; title: string; millis: number; startOf(time: number): number }>

export const periods: readonly Period[] = [
  { name: 'day', title: 'The day in alerts', millis: dayMillis, startOf: (time) => Math.floor(time / dayMillis) * dayMillis },
  { name: 'week', title: 'The week in alerts', millis: weekMillis, startOf: weekOf },
]

/**
 * What is known of outcomes. `reading`: what earlier runs left, in which nothing is news by itself; `following`: each word is. `marketTime`:
 * the newest moment that the market's clock is known to have reached.
 */
export type OutcomeNews = Readonly<{ outcomes: ReadonlyMap<string, Outcome>; marketTime: number }> &
  (
    | Readonly<{ type: 'reading' }>
    | Readonly<{ type: 'following' /** Where the newest period of each kind that was summed up ends. */; summedUp: SummedUp }>
  )

type SummedUp = Readonly<Record<Period['name'], number>>

export type OutcomeEvent =
  | Readonly<{ type: 'read'; outcomes: readonly Outcome[] }>
  /** All that there was is read. */
  | Readonly<{ type: 'caught up' }>
  /** A message about an alert was posted: what it is about may be gone already. */
  | Readonly<{ type: 'posted'; alertId: string }>

export type OutcomeTask =
  /** The message of its alert says that it is gone. */
  Readonly<{ type: 'edit'; outcome: Outcome }> | Readonly<{ type: 'sum up'; period: Period; from: number; to: number }>

const remembered = 4 * weekMillis

export const noOutcomes: OutcomeNews = { type: 'reading', outcomes: new Map(), marketTime: Number.NEGATIVE_INFINITY }

export function next(news: OutcomeNews, event: OutcomeEvent): Readonly<{ news: OutcomeNews; tasks: readonly OutcomeTask[] }> {
  switch (event.type) {
    case 'read':
      return read(news, event.outcomes)
    case 'caught up': {
      if (news.type === 'following') return { news, tasks: [] }
      const { outcomes, marketTime } = news
      const nothing = { day: Number.NEGATIVE_INFINITY, week: Number.NEGATIVE_INFINITY }
      const over = sumUp({ type: 'following', outcomes, marketTime, summedUp: nothing })
      return { news: over.news, tasks: [...[...outcomes.values()].flatMap(editOf), ...over.tasks] }
    }
    case 'posted': {
      const outcome = news.outcomes.get(event.alertId)
      return { news, tasks: outcome === undefined ? [] : editOf(outcome) }
    }
  }
}

function read(news: OutcomeNews, more: readonly Outcome[]): ReturnType<typeof next> {
  const outcomes = new Map(news.outcomes)
  let { marketTime } = news
  const tasks: OutcomeTask[] = []
  for (const outcome of more) {
    if (outcome.alertedAt < marketTime - remembered) continue
    outcomes.set(outcome.alertId, outcome)
    marketTime = Math.max(marketTime, outcome.alertedAt)
    if (news.type === 'following') tasks.push(...editOf(outcome))
  }
  if (news.type === 'reading') return { news: { ...news, outcomes, marketTime }, tasks }
  const over = sumUp({ ...news, outcomes, marketTime })
  return { news: over.news, tasks: [...tasks, ...over.tasks] }
}

const editOf = (outcome: Outcome): OutcomeTask[] => (outcome.kind === 'alert' && outcome.goneAt !== null ? [{ type: 'edit', outcome }] : [])

/** The newest day and the newest week with alerts that are over, once the market's clock has left them. */
function sumUp(news: Extract<OutcomeNews, { type: 'following' }>): ReturnType<typeof next> {
  const { marketTime, summedUp } = news
  if (marketTime === Number.NEGATIVE_INFINITY) return { news, tasks: [] }
  const begun = periods
    .map((period) => ({ period, at: period.startOf(marketTime) }))
    .filter(({ period, at }) => summedUp[period.name] !== at)
  if (begun.length === 0) return { news, tasks: [] }
  const outcomes = new Map([...news.outcomes].filter(([, { alertedAt }]) => alertedAt >= marketTime - remembered))
  const tasks = begun.flatMap(({ period, at }): OutcomeTask[] => {
    const newest = newestAlertBefore(outcomes.values(), at)
    if (newest === null || newest < summedUp[period.name]) return []
    const from = period.startOf(newest)
    return [{ type: 'sum up', period, from, to: from + period.millis }]
  })
  const begins = Object.fromEntries(begun.map(({ period, at }) => [period.name, at]))
  return { news: { ...news, outcomes, summedUp: { ...summedUp, ...begins } }, tasks }
}

function newestAlertBefore(outcomes: Iterable<Outcome>, time: number): number | null {
  let newest: number | null = null
  for (const { kind, alertedAt } of outcomes) if (kind === 'alert' && alertedAt < time) newest = Math.max(newest ?? alertedAt, alertedAt)
  return newest
}
