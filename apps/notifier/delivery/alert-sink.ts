import type { Clock } from '#lib/clock/clock.ts'
import type { Silence } from '#lib/decisions/controls.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import type { Alert, NotificationStatus } from '#schemas/types.ts'
import { type Delivery, type DeliveryEvent, deliveryOf, next } from './delivery.ts'
import { type IncomingAlert, oncePerAlert, type ReadAlertOptions, readAlert } from './incoming-alert.ts'
import type { Intents } from './intents.ts'

/** What became of an alert. `unknown`: a run before this one meant to show it, and did not live to say that it had. */
export type NotifyOutcome = NotificationStatus | 'known' | 'rejected'

const allOutcomes: Readonly<Record<NotifyOutcome, true>> = {
  intended: true,
  sent: true,
  unknown: true,
  expired: true,
  coalesced: true,
  muted: true,
  edited: true,
  failed: true,
  gone: true,
  limited: true,
  known: true,
  rejected: true,
}
export const notifyOutcomes = Object.keys(allOutcomes) as readonly NotifyOutcome[]

export type AlertSinkOptions = ReadAlertOptions &
  Readonly<{
    intents: Intents
    clock: Clock
    /** Shows one alert. `latencyMillis`: since the collector held the market's answer, null where that is not known. */
    show(alert: Alert, latencyMillis: number | null): void
    /** Why people do not want to see it; null: they do. */
    silenced?: (alert: Alert) => Silence | null
    onSeen?: (latencyMillis: number) => void
    onOutcome?: (outcome: NotifyOutcome) => void
  }>

/** An alert of the batch in hand, and where it stands. */
type Card = Readonly<{ incoming: IncomingAlert; delivery: Delivery }>

/**
 * Shows each alert at most once, in this order for a batch:
 *
 *   1. what is known from an earlier run is passed over; what is past its deadline, or silenced, is recorded as that
 *   2. the intents of the rest become durable, and are read back: an alert that another process meant to show first is left to it
 *   3. ours are shown
 *   4. recorded as sent; then the consumer's position may be committed
 *
 * Killed between 2 and 4, the next run finds an intent without outcome: it may have been seen, so it is not shown again, but counted.
 * Failed at 2, nothing was shown, and the batch comes again. Failed at 4, it comes again and is only recorded.
 *
 * One batch at a time, of whatever partition or assignment: after a rejoin a batch comes again while its first delivery may still wait
 * for the log, and must find what that one has done.
 */
export function createAlertSink(options: AlertSinkOptions): PartitionSink {
  const { intents, clock, show, silenced, onSeen, onOutcome } = options
  /** Shown by this process, and not yet recorded: a failed step 4 must lead neither to a second card nor to an unknown. */
  const unrecorded = new Map<string, Delivery>()

  const read = async (record: LogRecord): Promise<IncomingAlert | null> => {
    const incoming = await readAlert(record, options)
    if (incoming === null) onOutcome?.('rejected')
    return incoming
  }

  /** An intent of ours whose answer was lost: nothing was shown, or it would be among the unrecorded. */
  const known = (alertId: string): Delivery =>
    unrecorded.get(alertId) ?? deliveryOf(intents.owns(alertId) ? undefined : intents.find(alertId))

  const dropped = (card: Card): Card => {
    const { incoming, delivery } = card
    if (delivery.type === 'doubtful') return after(card, { type: 'cannot be looked for' })
    const drop = delivery.type === 'open' ? reasonToDrop(incoming) : null
    return drop === null ? card : after(card, drop)
  }

  const reasonToDrop = ({ alert, expiresAt }: IncomingAlert): DeliveryEvent | null => {
    if (clock.now() > expiresAt) return expired
    const silence = silenced?.(alert) ?? null
    return silence && { type: 'dropped', status: silence.type === 'limit' ? 'limited' : 'muted', detail: silence.reason }
  }

  const claim = async (cards: readonly Card[], at: number): Promise<Card[]> => {
    const entries = cards.filter(isOpen).map(({ incoming: { alert } }) => ({ alertId: alert.alertId }))
    const ours = await intents.claim(entries, at)
    return cards.map((card) => {
      if (!isOpen(card)) return card
      const { alertId } = card.incoming.alert
      if (!ours.has(alertId)) return after(card, { type: 'lost', newest: intents.find(alertId) })
      return after(card, { type: 'claimed', as: 'sent', reference: alertId })
    })
  }

  const showOurs = (card: Card): Card => {
    if (card.delivery.type !== 'ours') return card
    const { alert, collectedAt } = card.incoming
    const shown = after(card, { type: 'answered', at: clock.now(), posting: { type: 'posted', messageId: null } })
    unrecorded.set(alert.alertId, shown.delivery)
    show(alert, collectedAt === null ? null : clock.now() - collectedAt)
    return shown
  }

  const record = async (cards: readonly Card[]): Promise<Card[]> => {
    const words = cards.flatMap(({ incoming: { alert }, delivery }) =>
      delivery.type === 'recording' ? [{ alertId: alert.alertId, ...delivery.word }] : [],
    )
    await intents.record(words, clock.now())
    for (const { alertId } of words) unrecorded.delete(alertId)
    return cards.map((card) => (card.delivery.type === 'recording' ? after(card, { type: 'recorded' }) : card))
  }

  const writeOne: PartitionSink['write'] = async ({ records, nextOffset }) => {
    const seenAt = clock.now()
    const incoming = (await Promise.all(records.map(read))).filter((alert) => alert !== null)
    let cards = oncePerAlert(incoming).map((one): Card => ({ incoming: one, delivery: known(one.alert.alertId) }))
    for (const card of cards) if (isOpen(card) && card.incoming.collectedAt !== null) onSeen?.(seenAt - card.incoming.collectedAt)
    cards = cards.map(dropped)
    while (cards.some(isOpen)) cards = (await claim(cards, seenAt)).map(showOurs)
    for (const { delivery } of await record(cards)) if (delivery.type === 'over') onOutcome?.(delivery.status)
    return { offset: nextOffset, metadata: '' }
  }

  return { write: inTurn(writeOne) }
}

const expired: DeliveryEvent = { type: 'dropped', status: 'expired', detail: 'past its deadline' }

const isOpen = ({ delivery }: Card): boolean => delivery.type === 'open'

/** A terminal can neither be read nor repeated. */
const after = (card: Card, event: DeliveryEvent): Card => ({ ...card, delivery: next(card.delivery, event, 'none') })

/** One call after the other, whatever becomes of the one before. */
function inTurn<Given, Value>(work: (given: Given) => Promise<Value>): (given: Given) => Promise<Value> {
  let before: Promise<unknown> = Promise.resolve()
  return (given) => {
    const mine = before.then(
      () => work(given),
      () => work(given),
    )
    before = mine.catch(() => {})
    return mine
  }
}
