import type { Clock } from '#lib/clock/clock.ts'
import type { Silence } from '#lib/decisions/controls.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { NotificationStatus } from '#schemas/types.ts'
import { alertMessage, type Buttons, digestMessage } from './embed.ts'
import type { IncomingAlert } from './incoming-alert.ts'
import { type IntentEntry, type Intents, nonceOf } from './intents.ts'
import type { Poster, Posting } from './poster.ts'
import { heldDetail } from './story.ts'

/** An alert in the desk's hands. */
export type DeskAlert = IncomingAlert &
  Readonly<{
    /** False once another process has its partition: then it is none of ours. */
    isCurrent(): boolean
    /** What became of it is durable; `known`: another process tells it. */
    settled(status: NotificationStatus | 'known'): void
  }>

export type ChannelDeskOptions = Readonly<{
  poster: Poster
  buttons: Buttons
  intents: Pick<Intents, 'find' | 'claim' | 'record'>
  clock: Clock
  silence(alert: IncomingAlert['alert']): Silence | null
  /** Resolves when what `silence` answers may have changed. */
  silenceChanged(): Promise<void>
  /** Null: nobody can tell. */
  isStillThere(alert: IncomingAlert['alert']): Promise<boolean | null>
  onTrouble?: (problem: string | null) => void
  onPosting?: (alert: IncomingAlert) => void
}>

/** Posts to one channel, one message after the other, the best first. */
export interface ChannelDesk {
  take(alert: DeskAlert): void
  /** How many wait. */
  waiting(): number
  readonly finished: Promise<void>
  /** Finishes the message in hand; what waits will be delivered again. */
  stop(): Promise<void>
}

/**
 * `of`: its newest delivery; after a rejoin the one in hand comes again. `mayBePosted`: by an earlier attempt, in a message with this
 * reference, alone (sent) or within a digest (coalesced), by this process or another.
 */
type Held = { of: DeskAlert; mayBePosted: Doubt | null }
type Doubt = Readonly<{ reference: string; since: number; as: 'sent' | 'coalesced'; writer: string | null | undefined }>

/** Discord lets about five messages through in five seconds: the best in full, then one that sums up the rest. */
const windowMillis = 5_000
const fullPerWindow = 4
const digestDetail = 'digest '

/**
 * For each message, in this order:
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
export function createChannelDesk(options: ChannelDeskOptions): ChannelDesk {
  const { poster, buttons, intents, clock, silence, silenceChanged, isStillThere, onTrouble, onPosting } = options
  const stopping = new AbortController()
  /** When full messages were posted; like `blockedUntil` by the monotonic clock. Deadlines of alerts are wall clock: they came with the record. */
  const fullPosts: number[] = []
  let queue: Held[] = []
  let woken = Promise.withResolvers<void>()
  let blockedUntil = 0
  let failures = 0

  const record = (entries: readonly IntentEntry[]) =>
    persist(() =>
      intents.record(
        entries.map((entry) => ({ channel: poster.name, ...entry })),
        clock.now(),
      ),
    )

  /** Takes out of the queue what can never be posted. */
  const sort = async () => {
    const now = clock.now()
    queue = queue.filter(({ of }) => of.isCurrent())
    if (!poster.canLook) await finish(queue.filter(isDoubtful), 'unknown', { detail: 'an earlier run ended between intent and outcome' })
    const given = { hold: null, drop: 'muted', limit: 'limited' } as const
    const kinds = Map.groupBy(queue, ({ of }) => given[silence(of.alert)?.type ?? 'hold'] ?? (now > of.expiresAt ? 'expired' : 'kept'))
    await giveUp(kinds.get('muted') ?? [], 'muted')
    await giveUp(kinds.get('limited') ?? [], 'limited')
    await giveUp(kinds.get('expired') ?? [], 'expired')
  }

  const giveUp = async (alerts: readonly Held[], status: 'muted' | 'limited' | 'expired') => {
    const notPosted: Held[] = []
    for (const held of alerts) if (!(await wasPosted(held))) notPosted.push(held)
    const reasonOf = ({ of }: Held) => silence(of.alert)?.reason ?? (status === 'expired' ? 'past its deadline' : 'told anew')
    for (const [detail, held] of Map.groupBy(notPosted, reasonOf)) await finish(held, status, { detail })
  }

  /** True where an earlier attempt posted it after all, or where that cannot be told now. */
  const wasPosted = async (held: Held): Promise<boolean> => {
    const doubt = held.mayBePosted
    if (doubt === null) return false
    if (clock.monotonic() < blockedUntil) return true
    try {
      const messageId = await poster.find(doubt.reference, doubt.since)
      if (messageId !== null) await finish([held], doubt.as, { messageId })
      // It was not: the intent of whoever meant to post it, and did not live to, no longer stands in our way.
      else if (doubt.writer !== undefined) await release([held], doubt.writer)
      held.mayBePosted = null
      return messageId !== null
    } catch (error) {
      trouble((error as Error).message)
      return true
    }
  }

  const trouble = (problem: string) => {
    failures++
    blockedUntil = Math.max(blockedUntil, clock.monotonic() + backoffMillis(failures, clock))
    onTrouble?.(problem)
  }

  const isReady = ({ of }: Held) => silence(of.alert) === null
  const isDoubtful = ({ mayBePosted }: Held) => mayBePosted !== null

  /** Null: nothing may be posted now. */
  const pick = (): { kind: 'full' | 'digest'; alerts: Held[] } | null => {
    const now = clock.monotonic()
    if (now < blockedUntil) return null
    const ready = queue.filter(isReady).sort((a, b) => b.of.alert.netGainUsd - a.of.alert.netGainUsd)
    const [best] = ready
    if (best === undefined) return null
    while (fullPosts[0] !== undefined && fullPosts[0] <= now - windowMillis) fullPosts.shift()
    // One that an earlier attempt may have posted is cleared up on its own.
    const doubtful = ready.find(isDoubtful)
    if (doubtful !== undefined) return { kind: 'full', alerts: [doubtful] }
    return ready.length > 1 && fullPosts.length >= fullPerWindow ? { kind: 'digest', alerts: ready } : { kind: 'full', alerts: [best] }
  }

  const postFull = async (held: Held) => {
    const { alert } = held.of
    if (await wasPosted(held)) return
    if ((await isStillThere(alert)) === false) return finish([held], 'gone', { detail: 'gone from the market before it was posted' })
    // Both took time: what was said or ran out meanwhile counts.
    if (stopping.signal.aborted || !isReady(held) || !held.of.isCurrent() || clock.now() > held.of.expiresAt) return
    const reference = nonceOf(alert.alertId, poster.name)
    if (!(await claim([held]))) return
    if (!isReady(held)) return hold([held])
    onPosting?.(held.of)
    fullPosts.push(clock.monotonic())
    await conclude([held], 'sent', reference, await poster.post(alertMessage(alert, { reference, buttons }), reference))
  }

  const postDigest = async (alerts: readonly Held[]) => {
    const ids = alerts.map(({ of }) => of.alert.alertId).sort()
    const reference = nonceOf(ids.join(' '), poster.name)
    if (!(await claim(alerts, `${digestDetail}${reference}`))) return
    if (!alerts.every(isReady)) return hold(alerts)
    for (const { of } of alerts) onPosting?.(of)
    const message = digestMessage(
      alerts.map(({ of }) => of.alert),
      reference,
    )
    await conclude(alerts, 'coalesced', reference, await poster.post(message, reference))
  }

  const conclude = async (alerts: readonly Held[], status: Doubt['as'], reference: string, posting: Posting) => {
    switch (posting.type) {
      case 'posted':
        failures = 0
        onTrouble?.(null)
        return finish(alerts, status, { messageId: posting.messageId })
      case 'refused':
        onTrouble?.(posting.problem)
        return finish(alerts, 'failed', { detail: posting.problem })
      case 'limited':
        blockedUntil = clock.monotonic() + posting.retryAfterMillis
        return hold(alerts)
      case 'unsent':
        trouble(posting.problem)
        return hold(alerts)
      case 'unknown':
        trouble(posting.problem)
        if (!poster.canLook) return finish(alerts, 'unknown', { detail: posting.problem })
        for (const held of alerts) held.mayBePosted = { reference, since: clock.now(), as: status, writer: undefined }
    }
  }

  /** True when all are ours to post. What is another's is left to it, and what is ours is then given back, to be picked again. */
  const claim = async (alerts: readonly Held[], detail?: string): Promise<boolean> => {
    const entries = alerts.map(({ of: { alert } }) => ({
      alertId: alert.alertId,
      channel: poster.name,
      ...(detail === undefined ? {} : { detail }),
    }))
    const ours = await persist(() => intents.claim(entries, clock.now()))
    const lost = alerts.filter(({ of }) => !ours.has(of.alert.alertId))
    if (lost.length === 0) return true
    for (const held of lost) leave(held)
    const won = alerts.filter((held) => !lost.includes(held))
    if (won.length > 0) await hold(won)
    return false
  }

  /** Another process was first. Where one can look, we look whether it did, before we are done with it; a webhook's is its own to settle. */
  const leave = (held: Held) => {
    held.mayBePosted = poster.canLook ? doubtOf(intents.find(held.of.alert.alertId)) : null
    if (held.mayBePosted !== null) return
    queue = queue.filter((other) => other !== held)
    held.of.settled('known')
  }

  const hold = (alerts: readonly Held[]) => release(alerts)
  const release = (alerts: readonly Held[], writer?: string | null) =>
    record(
      alerts.map(({ of: { alert } }) => ({
        alertId: alert.alertId,
        status: 'intended',
        detail: heldDetail,
        ...(writer === undefined ? {} : { writer }),
      })),
    )

  const finish = async (alerts: readonly Held[], status: NotificationStatus, about: { detail?: string; messageId?: string }) => {
    if (alerts.length === 0) return
    await record(alerts.map(({ of: { alert } }) => ({ alertId: alert.alertId, status, ...about })))
    // Only now: what is in the queue is in hand, and is not taken a second time.
    const done = new Set(alerts)
    queue = queue.filter((held) => !done.has(held))
    for (const { of } of alerts) of.settled(status)
  }

  /** Until something can have changed: an alert came, people spoke, Discord lets us again, or a deadline passes. */
  const wait = async () => {
    const now = clock.now()
    const waits = [blockedUntil - clock.monotonic(), ...queue.map(({ of }) => of.expiresAt + 1 - now)].filter((millis) => millis > 0)
    const millis = Math.min(...waits)
    const cut = new AbortController()
    const timer = millis === Number.POSITIVE_INFINITY ? [] : [clock.sleep(Math.max(1, millis), cut.signal).catch(() => {})]
    await Promise.race([woken.promise, ...timer])
    woken = Promise.withResolvers<void>()
    cut.abort()
  }

  const wakeWhenPeopleSpeak = async () => {
    while (!stopping.signal.aborted) {
      await silenceChanged()
      woken.resolve()
    }
  }

  const work = async () => {
    while (!stopping.signal.aborted) {
      await sort()
      const picked = pick()
      if (picked === null) await wait()
      else if (picked.kind === 'digest') await postDigest(picked.alerts)
      else await postFull(picked.alerts[0]!)
    }
  }

  /** For as long as the log is away, nothing is posted: an intent that is not durable is none. */
  const persist = async <Value>(write: () => Promise<Value>): Promise<Value> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await write()
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onTrouble?.(error.message)
        if (stopping.signal.aborted && attempt > 3) throw error
        await clock.sleep(backoffMillis(attempt, clock))
      }
    }
  }

  const finished = work().catch((error: unknown) => {
    // Stopped while the log is away: the next run looks at what was in hand.
    if (!(stopping.signal.aborted && error instanceof RetryableError)) throw error
  })
  finished.catch(() => {})
  void wakeWhenPeopleSpeak()
  return {
    take(alert) {
      const inHand = queue.find(({ of }) => of.alert.alertId === alert.alert.alertId)
      if (inHand === undefined) queue.push({ of: alert, mayBePosted: doubtOf(intents.find(alert.alert.alertId)) })
      else inHand.of = alert
      woken.resolve()
    },
    waiting: () => queue.length,
    finished,
    async stop() {
      stopping.abort()
      woken.resolve()
      await finished.catch(() => {})
    },
  }
}

/** What an earlier run left behind: an intent without outcome may have been posted, alone or within a digest. */
function doubtOf(intent: ReturnType<Intents['find']>): Doubt | null {
  if (intent?.status !== 'intended' || intent.detail === heldDetail) return null
  const digest = intent.detail?.startsWith(digestDetail) === true ? intent.detail.slice(digestDetail.length) : null
  return { reference: digest ?? intent.nonce, since: intent.at, as: digest === null ? 'sent' : 'coalesced', writer: intent.writer }
}
