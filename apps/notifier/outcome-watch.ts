import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Notification, Outcome, Position } from '#schemas/types.ts'
import { describeStatistics, statisticsOf, weekMillis, weekOf } from './alert-statistics.ts'
import { goneEdit, summaryMessage } from './embed.ts'
import type { Intents } from './intents.ts'
import { postOnce } from './post-once.ts'
import type { Poster } from './poster.ts'
import { resultText } from './trading-desk.ts'

export type OutcomeWatchOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  intents: Intents
  posters: ReadonlyMap<string, Poster>
  /** Where summaries and resales are told. */
  defaultPoster: Poster
  clock: Clock
  isKilled(): boolean
  /** Ends the position that was bought by this alert, once its resale was seen; null where there is none. */
  sellPosition?: (outcome: Outcome) => Promise<Position | null>
  onEdited?: () => void
  onTrouble(problem: string): void
  onUnreadable?: () => void
}>

/** What became of alerts, as topic `outcomes` tells it: messages are edited, positions end, days and weeks are summed up, `/stats` is answered. */
export interface OutcomeWatch {
  /** A message was posted: its listing may be gone already. */
  posted(alertId: string): void
  /** Figures of the market's last seven days. */
  stats(): string
  readonly finished: Promise<void>
  stop(): Promise<void>
}

const remembered = 4 * weekMillis
/** A message older than this is left as it is. */
const oldestEdit = weekMillis
const mostTries = 5

type Period = Readonly<{ name: 'day' | 'week'; title: string; millis: number; startOf(time: number): number }>

const periods: readonly Period[] = [
  { name: 'day', title: 'The day in alerts', millis: dayMillis, startOf: (time) => Math.floor(time / dayMillis) * dayMillis },
  { name: 'week', title: 'The week in alerts', millis: weekMillis, startOf: weekOf },
]

export async function watchOutcomes(options: OutcomeWatchOptions): Promise<OutcomeWatch> {
  const { log, codec, prefix, intents, posters, defaultPoster, clock, isKilled, sellPosition, onEdited, onTrouble, onUnreadable } = options
  const outcomes = new Map<string, Outcome>()
  const stopping = new AbortController()
  /** The newest moment that the market's clock is known to have reached. */
  let marketTime = Number.NEGATIVE_INFINITY
  /** The newest period of each kind that was summed up, by where the next begins. */
  const summedUp = new Map<Period['name'], number>()
  let caughtUp = false
  let work: Promise<void> = Promise.resolve()

  const inTurn = (task: () => Promise<void>) => {
    work = work.then(() => (stopping.signal.aborted ? undefined : task().catch((error: Error) => onTrouble(error.message))))
  }

  /** Null where there is nothing to edit. */
  const messageOf = (alertId: string): Notification | null => {
    const told = intents.find(alertId)
    return told?.status === 'sent' && told.messageId !== null && told.at > clock.now() - oldestEdit ? told : null
  }

  const edit = async (outcome: Outcome): Promise<void> => {
    for (let tries = 1; tries <= mostTries && !isKilled(); tries++) {
      const told = messageOf(outcome.alertId)
      const poster = told === null ? undefined : posters.get(told.channel)
      if (told === null || told.messageId === null || poster === undefined) return
      try {
        const embed = await poster.embedOf(told.messageId)
        const edited = embed === null ? null : goneEdit(embed, outcome)
        if (edited !== null) await poster.edit(told.messageId, edited)
        const { alertId, messageId, channel } = told
        await intents.record([{ alertId, channel, messageId, status: 'edited', detail: outcome.goneBy ?? 'gone' }], clock.now())
        return onEdited?.()
      } catch (error) {
        onTrouble(`a message was not edited (try ${tries} of ${mostTries}): ${(error as Error).message}`)
        await clock.sleep(backoffMillis(tries + 2, clock), stopping.signal).catch(() => {})
      }
    }
  }

  const consider = (alertId: string) => {
    const outcome = outcomes.get(alertId)
    if (outcome?.kind === 'alert' && outcome.goneAt !== null && messageOf(alertId) !== null) inTurn(() => edit(outcome))
  }

  /** Posts it once, at most. False where that may be tried again. */
  const announce = async (id: string, title: string, text: string): Promise<boolean> => {
    if (isKilled()) return true
    const isPosted = await postOnce({ intents, poster: defaultPoster, clock }, id, (reference) => summaryMessage(title, text, reference))
    if (!isPosted) onTrouble(`not posted yet: ${title}`)
    return isPosted
  }

  /** For each day and each week of the market that is over. */
  const sumUp = async ({ name, title, millis, to }: Period & { to: number }): Promise<void> => {
    const statistics = statisticsOf(outcomes.values(), { from: to - millis, to })
    if (statistics.alerts === 0) return
    const id = `${name}:${new Date(to - millis).toISOString().slice(0, 10)}`
    if (!(await announce(id, title, describeStatistics(statistics, [])))) summedUp.delete(name)
  }

  const closePosition = async (outcome: Outcome): Promise<void> => {
    const position = await sellPosition?.(outcome)
    if (position != null) await announce(`resold:${position.positionId}`, 'Bought, and sold again', resultText(position))
  }

  const learn = (outcome: Outcome) => {
    if (outcome.kind === 'alert' && outcome.resoldUsd !== null) inTurn(() => closePosition(outcome))
    if (outcome.alertedAt < marketTime - remembered) return
    outcomes.set(outcome.alertId, outcome)
    marketTime = Math.max(marketTime, outcome.alertedAt)
    if (caughtUp) consider(outcome.alertId)
  }

  const forget = () => {
    for (const [alertId, { alertedAt }] of outcomes) if (alertedAt < marketTime - remembered) outcomes.delete(alertId)
  }

  const follower = await log.follow([topicName(prefix, 'outcomes')], async (records) => {
    for (const { value } of records) {
      const outcome = await decodeKnown(codec, 'Outcome', value, onUnreadable)
      if (outcome !== null) learn(outcome)
    }
    if (caughtUp) endOfPeriods()
  })
  const endOfPeriods = () => {
    if (marketTime === Number.NEGATIVE_INFINITY) return
    for (const period of periods) {
      const to = period.startOf(marketTime)
      if (summedUp.get(period.name) === to) continue
      summedUp.set(period.name, to)
      forget()
      inTurn(() => sumUp({ ...period, to }))
    }
  }
  await Promise.race([follower.caughtUp, follower.finished])
  caughtUp = true
  for (const alertId of outcomes.keys()) consider(alertId)
  endOfPeriods()

  return {
    posted: consider,
    stats() {
      if (marketTime === Number.NEGATIVE_INFINITY) return 'No outcome is known yet: they are told by the ledger.'
      const to = marketTime + 1
      return describeStatistics(statisticsOf(outcomes.values(), { from: to - weekMillis, to }), intents.since(clock.now() - weekMillis))
    },
    finished: follower.finished,
    async stop() {
      stopping.abort()
      await follower.stop()
      await work
    },
  }
}
