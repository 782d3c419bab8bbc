import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Notification, Outcome } from '#schemas/types.ts'
import { describeStatistics, statisticsOf, weekMillis, weekOf } from './alert-statistics.ts'
import { goneEdit, summaryMessage } from './embed.ts'
import { type Intents, nonceOf } from './intents.ts'
import type { Poster } from './poster.ts'
import { heldDetail } from './story.ts'

export type OutcomeWatchOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  intents: Intents
  posters: ReadonlyMap<string, Poster>
  /** Where the weekly summary goes. */
  defaultPoster: Poster
  clock: Clock
  isKilled(): boolean
  onEdited?: () => void
  onTrouble(problem: string): void
  onUnreadable?: () => void
}>

/** What became of alerts, as topic `outcomes` tells it: messages are edited, a week is summed up, `/stats` is answered. */
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

export async function watchOutcomes(options: OutcomeWatchOptions): Promise<OutcomeWatch> {
  const { log, codec, prefix, intents, posters, defaultPoster, clock, isKilled, onEdited, onTrouble, onUnreadable } = options
  const outcomes = new Map<string, Outcome>()
  const stopping = new AbortController()
  /** The newest moment that the market's clock is known to have reached. */
  let marketTime = Number.NEGATIVE_INFINITY
  let summedUpWeek = Number.NaN
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

  /** Once, at most, for each week that is over: the same intent and outcome as an alert has. */
  const sumUp = async (): Promise<void> => {
    const to = weekOf(marketTime)
    const statistics = statisticsOf(outcomes.values(), { from: to - weekMillis, to })
    const alertId = `week:${new Date(to - weekMillis).toISOString().slice(0, 10)}`
    const told = intents.find(alertId)
    if (statistics.alerts === 0 || isKilled() || (told !== undefined && told.status !== 'intended')) return
    const reference = nonceOf(alertId, defaultPoster.name)
    const place = { alertId, channel: defaultPoster.name }
    if (told !== undefined) {
      const messageId = defaultPoster.canLook ? await defaultPoster.find(reference, told.at) : null
      if (messageId !== null) return intents.record([{ ...place, messageId, status: 'sent' }], clock.now())
      if (!defaultPoster.canLook) return intents.record([{ ...place, status: 'unknown' }], clock.now())
      await intents.record([{ ...place, status: 'intended', detail: heldDetail, writer: told.writer }], clock.now())
    }
    if (!(await intents.claim([place], clock.now())).has(alertId)) return
    const posting = await defaultPoster.post(summaryMessage(describeStatistics(statistics, []), reference), reference)
    if (posting.type === 'posted') await intents.record([{ ...place, messageId: posting.messageId, status: 'sent' }], clock.now())
    else if (posting.type === 'unknown' && !defaultPoster.canLook) await intents.record([{ ...place, status: 'unknown' }], clock.now())
    else {
      onTrouble('the weekly summary was not posted yet')
      summedUpWeek = Number.NaN
    }
  }

  const learn = (outcome: Outcome) => {
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
    if (caughtUp) endOfWeek()
  })
  const endOfWeek = () => {
    if (marketTime === Number.NEGATIVE_INFINITY || weekOf(marketTime) === summedUpWeek) return
    summedUpWeek = weekOf(marketTime)
    forget()
    inTurn(sumUp)
  }
  await Promise.race([follower.caughtUp, follower.finished])
  caughtUp = true
  for (const alertId of outcomes.keys()) consider(alertId)
  endOfWeek()

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
