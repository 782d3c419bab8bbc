import { describe, expect, it } from 'vitest'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import type { Outcome } from '#schemas/types.ts'
import { next, noOutcomes, type OutcomeEvent, type OutcomeNews } from './outcome-news.ts'

const hour = 3_600_000
const day = 24 * hour
/** A Monday. */
const monday = Date.UTC(2022, 3, 11)

const outcome = (alertId: string, alertedAt: number, change: Partial<Outcome> = {}): Outcome =>
  sampleOutcome({ alertId, alertedAt, goneAt: null, resoldUsd: null, kind: 'alert', ...change })
const read = (...outcomes: Outcome[]): OutcomeEvent => ({ type: 'read', outcomes })
const caughtUp: OutcomeEvent = { type: 'caught up' }

/** The news after these events, and what the last of them asks for, in words. */
function newsAfter(...events: OutcomeEvent[]) {
  let news: OutcomeNews = noOutcomes
  let tasks: string[] = []
  for (const event of events) {
    const step = next(news, event)
    news = step.news
    tasks = step.tasks.map((task) =>
      task.type === 'sum up'
        ? `${task.period.name} ${new Date(task.from).toISOString().slice(0, 10)}`
        : `${task.type} ${task.outcome.alertId}`,
    )
  }
  return { news, tasks }
}

const gone = outcome('gone', monday + hour, { goneAt: monday + 2 * hour })
const resold = outcome('resold', monday + hour, { goneAt: monday + 2 * hour, resoldUsd: 90 })

describe('reading what earlier runs left', () => {
  it('is no news', () => {
    expect(newsAfter(read(gone, resold))).toMatchObject({ news: { type: 'reading' }, tasks: [] })
    expect(newsAfter(read(gone), { type: 'posted', alertId: 'gone' }).tasks).toEqual(['edit gone'])
    expect(newsAfter(read(gone), { type: 'posted', alertId: 'another' }).tasks).toEqual([])
  })

  it('once all is read, what is gone is looked at, and the day and the week that are over are summed up', () => {
    const { news, tasks } = newsAfter(read(gone, outcome('there', monday + 8 * day)), caughtUp)
    expect(news.type).toBe('following')
    expect(tasks).toEqual(['edit gone', 'day 2022-04-11', 'week 2022-04-11'])
  })

  it('that there was nothing is no period', () => {
    expect(newsAfter(caughtUp).tasks).toEqual([])
  })
})

describe('following', () => {
  const begun = [read(outcome('first', monday + hour)), caughtUp] as const

  it('each word is news, once: a message is edited', () => {
    expect(newsAfter(...begun, read(gone)).tasks).toEqual(['edit gone'])
    expect(newsAfter(...begun, read(resold)).tasks).toEqual(['edit resold'])
    expect(newsAfter(...begun, read(gone), { type: 'posted', alertId: 'gone' }).tasks).toEqual(['edit gone'])
    expect(newsAfter(...begun, caughtUp).tasks).toEqual([])
  })

  it('what no alert is about is only counted', () => {
    const random = outcome('random:1', monday + hour, { kind: 'random', goneAt: monday + hour, resoldUsd: 9 })
    expect(newsAfter(...begun, read(random)).tasks).toEqual([])
    expect(newsAfter(...begun, read(random)).news.outcomes.has('random:1')).toBe(true)
  })

  it('a period is summed up when the market’s clock has left it, once', () => {
    const tuesday = outcome('tuesday', monday + day + hour)
    expect(newsAfter(...begun, read(tuesday)).tasks).toEqual(['day 2022-04-11'])
    expect(newsAfter(...begun, read(tuesday), read(outcome('later', monday + day + 2 * hour))).tasks).toEqual([])
    expect(newsAfter(...begun, read(outcome('next week', monday + 7 * day))).tasks).toEqual(['day 2022-04-11', 'week 2022-04-11'])
  })

  it('of days without alerts nothing is said, and none is passed over for them', () => {
    const later = read(outcome('later', monday + 3 * day))
    expect(newsAfter(...begun, read(outcome('random:1', monday + 2 * day, { kind: 'random' })), later).tasks).toEqual([])
    expect(newsAfter(...begun, later).tasks).toEqual(['day 2022-04-11'])
  })

  it('what is older than four weeks is forgotten, and not learnt', () => {
    const { news } = newsAfter(...begun, read(outcome('month', monday + 29 * day)), read(outcome('old', monday)))
    expect([...news.outcomes.keys()]).toEqual(['month'])
  })
})
