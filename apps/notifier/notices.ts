import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { payloadOf } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log, LogRecord } from '#lib/stream/log.ts'
import type { Control, DecisionHeld, MarketEvent, TrainingRun } from '#schemas/types.ts'
import type { ChannelDesk } from './delivery/channel-desk.ts'
import { type Message, noticeMessage } from './embed.ts'

/** What people are told of models and rules: one message each. `id` is a function of what was decided. */
export type Notice = Readonly<{ id: string; title: string; text: string }>

export type NoticesOptions = Readonly<{
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  desk: Pick<ChannelDesk<Message>, 'announce'>
  clock: Clock
}>

/** What was decided longer ago is no news: it was told then, or nobody was there to tell it. */
const newsMillis = dayMillis
/** The newest of market.events: more than come in a day. */
const newestRecords = 200_000

/** Promotions, rollbacks, what people kept the learner from deciding, rules that were paused or resumed for what they earned, and trainings that failed. */
export async function watchNotices({
  log,
  codec,
  prefix,
  desk,
  clock,
}: NoticesOptions): Promise<{ finished: Promise<void>; stop(): Promise<void> }> {
  const announce = ({ id, title, text }: Notice, decidedAt: number) =>
    desk.announce({ id, expiresAt: decidedAt + newsMillis, message: (reference) => noticeMessage(title, text, reference) })

  const reading =
    <Name extends 'MarketEvent' | 'Control' | 'TrainingRun'>(name: Name, noticeOf: (value: never) => Notice | null) =>
    async (records: readonly LogRecord[]) => {
      for (const { value, timestamp } of records) {
        if (timestamp < clock.now() - newsMillis) continue
        const read = await decodeKnown(codec, name, value)
        const notice = read === null ? null : noticeOf(read as never)
        if (notice !== null) announce(notice, timestamp)
      }
    }
  const startAt = ({ first, next }: { first: number; next: number }) => Math.max(first, next - newestRecords)
  const followers = await Promise.all([
    log.follow([topicName(prefix, 'controls')], reading('Control', noticeOfControl)),
    log.follow([topicName(prefix, 'trainings')], reading('TrainingRun', noticeOfTraining)),
    log.follow([topicName(prefix, 'market.events')], reading('MarketEvent', noticeOfEvent), { startAt }),
  ])
  return {
    finished: Promise.all(followers.map(({ finished }) => finished)).then(() => {}),
    async stop() {
      await Promise.all(followers.map((follower) => follower.stop()))
    },
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
