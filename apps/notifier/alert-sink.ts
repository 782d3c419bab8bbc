import type { Clock } from '#lib/clock/clock.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import type { Alert, NotificationStatus } from '#schemas/types.ts'
import { type IncomingAlert, type ReadAlertOptions, readAlert } from './incoming-alert.ts'
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
    silenced?: (alert: Alert) => string | null
    onSeen?: (latencyMillis: number) => void
    onOutcome?: (outcome: NotifyOutcome) => void
  }>

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
  /** Shown by this process, and not yet recorded as sent: a failed step 4 must lead neither to a second card nor to an unknown. */
  const unconfirmed = new Set<string>()

  const read = async (record: LogRecord): Promise<IncomingAlert | null> => {
    const incoming = await readAlert(record, options)
    if (incoming === null) onOutcome?.('rejected')
    return incoming
  }

  /** What an earlier delivery left to do about this alert; null where it is news. */
  const known = ({ alert: { alertId } }: IncomingAlert): 'unconfirmed' | 'unknown' | 'known' | null => {
    if (unconfirmed.has(alertId)) return 'unconfirmed'
    const status = intents.find(alertId)?.status
    // An intent of ours whose answer was lost: nothing was shown.
    if (status === undefined || intents.owns(alertId)) return null
    return status === 'intended' ? 'unknown' : 'known'
  }

  const newKind = ({ alert, expiresAt }: IncomingAlert): 'new' | 'expired' | 'muted' =>
    clock.now() > expiresAt ? 'expired' : silenced?.(alert) == null ? 'new' : 'muted'

  let before: Promise<unknown> = Promise.resolve()
  const afterOthers = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const mine = before.then(work, work)
    before = mine.catch(() => {})
    return mine
  }

  const showAll = (incoming: readonly IncomingAlert[]) => {
    for (const { alert, collectedAt } of incoming) {
      unconfirmed.add(alert.alertId)
      show(alert, collectedAt === null ? null : clock.now() - collectedAt)
    }
  }

  const writeOne: PartitionSink['write'] = async ({ records, nextOffset }) => {
    const seenAt = clock.now()
    const incoming = (await Promise.all(records.map(read))).filter((alert) => alert !== null)
    const sorted = Map.groupBy(oncePerAlert(incoming), (one) => known(one) ?? newKind(one))
    const of = (kind: 'new' | 'expired' | 'muted' | 'unknown' | 'unconfirmed' | 'known') => sorted.get(kind) ?? []
    for (const { collectedAt } of [...of('new'), ...of('expired'), ...of('muted')]) if (collectedAt !== null) onSeen?.(seenAt - collectedAt)

    const ours = await intents.claim(
      of('new').map(({ alert: { alertId } }) => ({ alertId })),
      seenAt,
    )
    const won = of('new').filter(({ alert }) => ours.has(alert.alertId))
    showAll(won)
    await intents.record(
      [
        ...entries([...won, ...of('unconfirmed')], 'sent'),
        ...entries(of('expired'), 'expired', 'past its deadline'),
        ...of('muted').map(({ alert }) => ({
          alertId: alert.alertId,
          status: 'muted' as const,
          detail: silenced?.(alert) ?? 'told anew',
        })),
        ...entries(of('unknown'), 'unknown', 'an earlier run ended between intent and outcome'),
      ],
      clock.now(),
    )
    for (const { alert } of [...won, ...of('unconfirmed')]) unconfirmed.delete(alert.alertId)
    const count = (alerts: readonly IncomingAlert[], outcome: NotifyOutcome) => {
      for (const _ of alerts) onOutcome?.(outcome)
    }
    count([...won, ...of('unconfirmed')], 'sent')
    count(of('expired'), 'expired')
    count(of('muted'), 'muted')
    count(of('unknown'), 'unknown')
    count([...of('known'), ...of('new').filter((one) => !won.includes(one))], 'known')
    return { offset: nextOffset, metadata: '' }
  }

  return { write: (batch) => afterOthers(() => writeOne(batch)) }
}

const entries = (incoming: readonly IncomingAlert[], status: 'sent' | 'expired' | 'unknown', detail?: string) =>
  incoming.map(({ alert: { alertId } }) => ({ alertId, status, ...(detail === undefined ? {} : { detail }) }))

/** The same listing may come twice in one batch, for example a Dutch ask that fell. */
const oncePerAlert = (incoming: readonly IncomingAlert[]): IncomingAlert[] => [
  ...new Map(incoming.map((one) => [one.alert.alertId, one])).values(),
]
