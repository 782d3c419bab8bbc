import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { netOf } from '#lib/positions/position-result.ts'
import { allFinished } from '#lib/stream/awaited-later.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { Control, DecisionHeld, MarketEvent, Position, TrainingRun } from '#schemas/types.ts'
import { weekMillis } from './alert-statistics.ts'
import { plain } from './discord-text.ts'
import type { Announce, News } from './news.ts'
import { resultText } from './trading-desk.ts'

/** What people are told of models and rules: one message each. `id` is a function of what was decided. */
export type Notice = Readonly<{ id: string; title: string; text: string }>

export type NoticesOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  announce: Announce
  clock: Clock
}>

type Told = Omit<News, 'expiresAt'>

/** What was decided longer ago is no news: it was told then, or nobody was there to tell it. */
const newsMillis = dayMillis
/** A result is worth telling for longer. */
const resaleMillis = weekMillis
/** The newest of market.events: more than come in a day. */
const newestRecords = 200_000

/**
 * Promotions, rollbacks, what people kept the learner from deciding, rules that were paused or resumed for what they earned, trainings that
 * failed, and axies that were bought and seen to sell again. All of it is in the log before it is told, so nothing is lost by whoever is
 * killed in between.
 */
export async function watchNotices({
  log,
  codec,
  prefix,
  announce,
  clock,
}: NoticesOptions): Promise<{ finished: Promise<void>; stop(): Promise<void> }> {
  const reading =
    <Name extends 'MarketEvent' | 'Control' | 'TrainingRun' | 'Position'>(
      name: Name,
      toldOf: (value: never) => Told | null,
      millis: number,
    ) =>
    async (records: readonly LogRecord[]) => {
      for (const { value, timestamp } of records) {
        if (timestamp < clock.now() - millis) continue
        const read = await decodeKnown(codec, name, value)
        const notice = read === null ? null : toldOf(read as never)
        if (notice !== null) announce({ ...notice, expiresAt: timestamp + millis })
      }
    }
  const notices =
    <Value>(noticeOf: (value: Value) => Notice | null) =>
    (value: Value) =>
      noticeNews(noticeOf(value))
  const startAt = ({ first, next }: { first: number; next: number }) => Math.max(first, next - newestRecords)
  const followers = await Promise.all([
    log.follow([topicName(prefix, 'controls')], reading('Control', notices(noticeOfControl), newsMillis)),
    log.follow([topicName(prefix, 'trainings')], reading('TrainingRun', notices(noticeOfTraining), newsMillis)),
    log.follow([topicName(prefix, 'market.events')], reading('MarketEvent', notices(noticeOfEvent), newsMillis), { startAt }),
    log.follow([topicName(prefix, 'positions')], reading('Position', resaleOf, resaleMillis)),
  ])
  return {
    finished: allFinished(followers),
    async stop() {
      await Promise.all(followers.map((follower) => follower.stop()))
    },
  }
}

const maxReasonLength = 1_500

const noticeNews = (notice: Notice | null): Told | null =>
  notice && { ...notice, type: 'notice', text: plain(notice.text, maxReasonLength), data: { text: notice.text } }

/** What people said that they sold they were answered at once. */
export function resaleOf(position: Position): Told | null {
  if (position.soldBy !== 'seen') return null
  const { positionId, account, tokenId, boughtUsd, boughtAt, soldUsd, soldAt, alertId, rule } = position
  return {
    id: `resold:${positionId}`,
    type: 'resale',
    title: 'Bought, and sold again',
    text: resultText(position),
    data: { positionId, account, axieId: tokenId, boughtUsd, boughtAt, soldUsd, soldAt, netUsd: netOf(position), alertId, rule },
  }
}

/** What people did by command they know; what the ledger did, it gives a reason for. */
export function noticeOfControl({ kind, subject, by, reason, at }: Control): Notice | null {
  if (by !== 'ledger' || (kind !== 'pause_rule' && kind !== 'resume_rule')) return null
  const title = kind === 'pause_rule' ? `Rule ${subject} is paused` : `Rule ${subject} posts again`
  return { id: `notice:${kind}:${subject}:${at}`, title, text: reason ?? '' }
}

export function noticeOfTraining({ trainingId, status, reason, steps, conclusion }: TrainingRun): Notice | null {
  if (status !== 'failed') return null
  const step = steps.find((one) => one.status === 'failed')
  const where = step === undefined ? '' : ` at ${step.name}`
  const text = `Begun because: ${reason}. The model in force stays. ${conclusion ?? ''}`
  return { id: `notice:training:${trainingId}`, title: `A training failed${where}`, text }
}

/** People asked to decide for themselves: now there is something to decide. */
function noticeOfHeld(eventId: string, { kind, modelId, reason }: DecisionHeld): Notice {
  const [title, command] =
    kind === 'promote'
      ? [`Model ${modelId} would price from now on`, `promote ${modelId}`]
      : [`It would go back to model ${modelId}`, 'rollback']
  const text = `${reason}. You hold decisions, so nothing changes: flipstream models ${command} does it, flipstream models release lets the learner decide again`
  return { id: `notice:${eventId}`, title, text }
}

/** A simulated market is played with one model, and its first promotion is no news. */
export function noticeOfEvent(event: MarketEvent): Notice | null {
  if (event.source !== 'live') return null
  const { kind, value } = payloadOf(event)
  if (kind === 'ModelPromoted')
    return { id: `notice:${event.eventId}`, title: `Model ${value.modelId} prices from now on`, text: value.reason }
  if (kind === 'DecisionHeld') return noticeOfHeld(event.eventId, value)
  if (kind === 'ModelRolledBack') return { id: `notice:${event.eventId}`, title: `Back to model ${value.modelId}`, text: value.reason }
  return null
}
