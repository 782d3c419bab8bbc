import type { Silence } from '#lib/decisions/controls.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Alert } from '#schemas/types.ts'
import { next } from './desk.ts'
import { createDeskEffects, type DeskEffectsOptions, type DeskMessage } from './desk-effects.ts'
import { type DeskEvent, type DeskState, type DeskStatus, emptyDesk, type Facts } from './desk-state.ts'
import type { IncomingAlert } from './incoming-alert.ts'

/** An alert in the desk's hands. */
export type DeskAlert = IncomingAlert &
  Readonly<{
    /** False once another process has its partition: then it is none of ours. */
    isCurrent(): boolean
    /** What became of it is durable; `known`: another process tells it. */
    settled(status: DeskStatus): void
  }>

/** What is no alert: posted in full, before the alerts that wait. `message` carries the reference by which it is found again. */
export type Notice<Message> = Readonly<{ id: string; expiresAt: number; message(reference: string): Message }>

export type ChannelDeskOptions<Message> = DeskEffectsOptions<Message> &
  Readonly<{
    message(alert: Alert, reference: string): Message
    silence(alert: Alert): Silence | null
    silenceNotices?: () => Silence | null
    /** Resolves when what people said may have changed. */
    silenceChanged(): Promise<void>
    /** Null: nobody can tell. */
    isStillThere(alert: Alert): Promise<boolean | null>
  }>

/** Posts to one channel, one message after the other, the best first. */
export interface ChannelDesk<Message> {
  take(alert: DeskAlert): void
  /** Once, under its id: nothing happens where it was posted before, by this process or another. */
  announce(notice: Notice<Message>): void
  /** How many wait. */
  waiting(): number
  readonly finished: Promise<void>
  /** Finishes the message in hand; what waits will be delivered again. */
  stop(): Promise<void>
}

/** Discord lets about five messages through in five seconds: the best in full, then one that sums up the rest. */
const fullPerWindow = 4

/**
 * The shell of the desk: does what the machine's step asks (desk.ts), and brings it what came of that. For each message, in this order:
 *
 *   1. what is past its deadline, muted, beyond a limit, or gone from the market is recorded as that
 *   2. what an earlier attempt may have posted is looked for in the channel; where that cannot be (a webhook) it is recorded as unknown
 *   3. the intent becomes durable, and is read back: where another process meant to tell it first, it is left to that one
 *   4. the message is posted, with a nonce that a bot's channel refuses a second time
 *   5. what became of it is recorded; then the alert is settled, and its offset may be committed
 *
 * Killed between 3 and 5, the next run finds the intent and goes through 2. An attempt that Discord certainly refused for now is recorded
 * as held, so that a run after it need not wonder.
 */
export function createChannelDesk<Message>(options: ChannelDeskOptions<Message>): ChannelDesk<Message> {
  const { place, digest, intents, clock, onTrouble } = options
  let state: DeskState<DeskMessage<Message>> = emptyDesk
  let woken = Promise.withResolvers<void>()

  const facts = (): Facts => ({
    now: clock.now(),
    monotonic: clock.monotonic(),
    place,
    fullPerWindow: digest === null ? Number.POSITIVE_INFINITY : fullPerWindow,
    backoffMillis: (failures) => backoffMillis(failures, clock),
  })
  const apply = (event: DeskEvent<DeskMessage<Message>>) => {
    const { trouble } = state.pace
    state = next(state, event, facts())
    if (state.pace.trouble !== trouble) onTrouble?.(state.pace.trouble?.problem ?? null)
  }
  const interrupt = (event: DeskEvent<DeskMessage<Message>>) => {
    apply(event)
    woken.resolve()
  }
  const rest = async (millis: number) => {
    const cut = new AbortController()
    const timer = Number.isFinite(millis) ? [clock.sleep(millis, cut.signal).catch(() => {})] : []
    await Promise.race([woken.promise, ...timer])
    woken = Promise.withResolvers<void>()
    cut.abort()
  }
  const perform = createDeskEffects(options, { state: () => state, rest })
  const work = async () => {
    while (state.step.type !== 'stop') apply(await perform(state.step))
  }
  const wakeWhenPeopleSpeak = async () => {
    while (!state.isStopping) {
      await options.silenceChanged()
      woken.resolve()
    }
  }

  const finished = work().catch((error: unknown) => {
    // Stopped while the log is away: the next run looks at what was in hand.
    if (!(state.isStopping && error instanceof RetryableError)) throw error
  })
  finished.catch(() => {})
  void wakeWhenPeopleSpeak()
  const take = (item: DeskMessage<Message>) => interrupt({ type: 'taken', item, newest: intents.find(item.id) })
  return {
    take: (alert) => take(ofAlert(alert, options)),
    announce: (notice) => take(ofNotice(notice, options)),
    waiting: () => state.queue.length,
    finished,
    async stop() {
      interrupt({ type: 'told to stop' })
      await finished.catch(() => {})
    },
  }
}

function ofAlert<Message>(incoming: DeskAlert, options: ChannelDeskOptions<Message>): DeskMessage<Message> {
  const { alert, expiresAt, isCurrent, settled } = incoming
  return {
    id: alert.alertId,
    rank: alert.netGainUsd,
    expiresAt,
    canBeSummedUp: true,
    isCurrent,
    settled,
    silence: () => options.silence(alert),
    isStillThere: () => options.isStillThere(alert),
    alert: incoming,
    message: (reference) => options.message(alert, reference),
  }
}

function ofNotice<Message>(
  { id, expiresAt, message }: Notice<Message>,
  { silenceNotices }: ChannelDeskOptions<Message>,
): DeskMessage<Message> {
  return {
    id,
    rank: Number.POSITIVE_INFINITY,
    expiresAt,
    canBeSummedUp: false,
    isCurrent: () => true,
    settled: () => {},
    silence: () => silenceNotices?.() ?? null,
    isStillThere: async () => null,
    alert: null,
    message,
  }
}
