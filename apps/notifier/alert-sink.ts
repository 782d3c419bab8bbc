import type { Clock } from '#lib/clock/clock.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/runtime/sink-runner.ts'
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
 *   2. the intents of the rest become durable
 *   3. they are shown
 *   4. recorded as sent; then the consumer's position may be committed
 *
 * Killed between 2 and 4, the next run finds an intent without outcome: it may have been seen, so it is not shown again, but counted.
 * Failed at 2, nothing was shown, and the batch comes again. Failed at 4, it comes again and is only recorded.
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
    if (status === undefined) return null
    return status === 'intended' ? 'unknown' : 'known'
  }

  const newKind = ({ alert, expiresAt }: IncomingAlert): 'new' | 'expired' | 'muted' =>
    clock.now() > expiresAt ? 'expired' : silenced?.(alert) == null ? 'new' : 'muted'

  const showAll = (incoming: readonly IncomingAlert[]) => {
    for (const { alert, collectedAt } of incoming) {
      unconfirmed.add(alert.alertId)
      show(alert, collectedAt === null ? null : clock.now() - collectedAt)
    }
  }

  return {
    async write({ records, nextOffset }) {
      const seenAt = clock.now()
      const incoming = (await Promise.all(records.map(read))).filter((alert) => alert !== null)
      const sorted = Map.groupBy(oncePerAlert(incoming), (one) => known(one) ?? newKind(one))
      const of = (kind: 'new' | 'expired' | 'muted' | 'unknown' | 'unconfirmed' | 'known') => sorted.get(kind) ?? []
      for (const { collectedAt } of [...of('new'), ...of('expired'), ...of('muted')])
        if (collectedAt !== null) onSeen?.(seenAt - collectedAt)

      await intents.record(entries(of('new'), 'intended'), seenAt)
      showAll(of('new'))
      await intents.record(
        [
          ...entries([...of('new'), ...of('unconfirmed')], 'sent'),
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
      for (const { alert } of [...of('new'), ...of('unconfirmed')]) unconfirmed.delete(alert.alertId)
      const count = (kind: Parameters<typeof of>[0], outcome: NotifyOutcome) => {
        for (const _ of of(kind)) onOutcome?.(outcome)
      }
      count('new', 'sent')
      count('unconfirmed', 'sent')
      count('expired', 'expired')
      count('muted', 'muted')
      count('unknown', 'unknown')
      count('known', 'known')
      return { offset: nextOffset, metadata: '' }
    },
  }
}

const entries = (incoming: readonly IncomingAlert[], status: 'intended' | 'sent' | 'expired' | 'unknown', detail?: string) =>
  incoming.map(({ alert: { alertId } }) => ({ alertId, status, ...(detail === undefined ? {} : { detail }) }))

/** The same listing may come twice in one batch, for example a Dutch ask that fell. */
const oncePerAlert = (incoming: readonly IncomingAlert[]): IncomingAlert[] => [
  ...new Map(incoming.map((one) => [one.alert.alertId, one])).values(),
]
