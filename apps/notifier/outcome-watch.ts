import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Notification, Outcome, PaperTrade, Position } from '#schemas/types.ts'
import { describeStatistics, statisticsOf, weekMillis } from './alert-statistics.ts'
import type { Intents } from './delivery/intents.ts'
import { goneEdit } from './embed.ts'
import type { Announce } from './news.ts'
import { next, noOutcomes, type OutcomeEvent, type OutcomeNews, type OutcomeTask } from './outcome-news.ts'
import { describePeriod, periodSummary } from './period-summary.ts'
import type { Poster } from './poster.ts'

export type OutcomeWatchOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  intents: Intents
  posters: ReadonlyMap<string, Poster>
  /** Where days and weeks are summed up. */
  announce: Announce
  clock: Clock
  isKilled(): boolean
  positions(): readonly Position[]
  paperTrades(): readonly PaperTrade[]
  onEdited?: () => void
  onTrouble(problem: string): void
  onUnreadable?: () => void
}>

/** What became of alerts, as topic `outcomes` tells it: messages are edited, days and weeks are summed up, `/stats` is answered. */
export interface OutcomeWatch {
  /** A message was posted: its listing may be gone already. */
  posted(alertId: string): void
  /** Figures of the market's last seven days. */
  stats(): string
  readonly finished: Promise<void>
  stop(): Promise<void>
}

/** A message older than this is left as it is. */
const oldestEdit = weekMillis
const maxTries = 5

export async function watchOutcomes(options: OutcomeWatchOptions): Promise<OutcomeWatch> {
  const { log, codec, prefix, intents, clock, onTrouble, onUnreadable } = options
  const stopping = new AbortController()
  const edit = createEdit(options, stopping.signal)
  let news = noOutcomes
  let work: Promise<void> = Promise.resolve()

  const perform = async (task: OutcomeTask): Promise<void> => {
    switch (task.type) {
      case 'edit':
        return edit(task.outcome)
      case 'sum up':
        return sumUp(task, news, options)
    }
  }
  /** One task after the other; what fails is told, and the rest goes on. */
  const inTurn = (task: OutcomeTask) => {
    work = work.then(() => (stopping.signal.aborted ? undefined : perform(task).catch((error: Error) => onTrouble(error.message))))
  }
  const apply = (event: OutcomeEvent) => {
    const after = next(news, event)
    news = after.news
    for (const task of after.tasks) inTurn(task)
  }

  const follower = await log.follow([topicName(prefix, 'outcomes')], async (records) => {
    const outcomes = await Promise.all(records.map(({ value }) => decodeKnown(codec, 'Outcome', value, onUnreadable)))
    apply({ type: 'read', outcomes: outcomes.filter((outcome) => outcome !== null) })
  })
  await Promise.race([follower.caughtUp, follower.finished])
  apply({ type: 'caught up' })

  return {
    posted: (alertId) => apply({ type: 'posted', alertId }),
    stats() {
      if (news.marketTime === Number.NEGATIVE_INFINITY) return 'No outcome is known yet: they are told by the ledger.'
      const to = news.marketTime + 1
      return describeStatistics(
        statisticsOf(news.outcomes.values(), { from: to - weekMillis, to }),
        intents.since(clock.now() - weekMillis),
      )
    },
    finished: follower.finished,
    async stop() {
      stopping.abort()
      await follower.stop()
      await work
    },
  }
}

function sumUp(
  { period, from, to }: Extract<OutcomeTask, { type: 'sum up' }>,
  { outcomes }: OutcomeNews,
  { announce, clock, positions, paperTrades }: OutcomeWatchOptions,
): void {
  const summary = periodSummary({ from, to }, { outcomes: outcomes.values(), trades: paperTrades(), positions: positions() })
  if (summary.alerts.alerts === 0) return
  announce({
    id: `${period.name}:${new Date(from).toISOString().slice(0, 10)}`,
    type: 'summary',
    title: period.title,
    text: describePeriod(summary),
    data: { period: period.name, from, to, ...summary },
    expiresAt: clock.now() + period.millis,
  })
}

/** Says in the message of an alert that what it was about is gone. */
function createEdit(options: OutcomeWatchOptions, stopping: AbortSignal): (outcome: Outcome) => Promise<void> {
  const { intents, posters, clock, isKilled, onEdited, onTrouble } = options

  const tryOnce = async (newest: Notification & { messageId: string }, poster: Poster, outcome: Outcome): Promise<void> => {
    const { alertId, messageId, channel } = newest
    const embed = await poster.embedOf(messageId)
    const edited = embed === null ? null : goneEdit(embed, outcome)
    if (edited !== null) await poster.edit(messageId, edited)
    await intents.record([{ alertId, channel, messageId, status: 'edited', detail: outcome.goneBy ?? 'gone' }], clock.now())
    onEdited?.()
  }

  return async (outcome) => {
    for (let tries = 1; tries <= maxTries && !isKilled(); tries++) {
      const newest = intents.find(outcome.alertId)
      const poster = posters.get(newest?.channel ?? '')
      if (poster === undefined || !isEditable(newest, clock.now())) return
      try {
        return await tryOnce(newest, poster, outcome)
      } catch (error) {
        onTrouble(`a message was not edited (try ${tries} of ${maxTries}): ${(error as Error).message}`)
        await clock.sleep(backoffMillis(tries + 2, clock), stopping).catch(() => {})
      }
    }
  }
}

const isEditable = (newest: Notification | undefined, now: number): newest is Notification & { messageId: string } =>
  newest?.status === 'sent' && newest.messageId !== null && newest.at > now - oldestEdit
