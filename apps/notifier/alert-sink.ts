import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { deadLetter } from '#lib/stream/dead-letter.ts'
import { RejectedError } from '#lib/stream/errors.ts'
import type { LogRecord, Producer } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runner-metrics.ts'
import type { PartitionSink } from '#lib/stream/sink-runner.ts'
import type { Alert } from '#schemas/types.ts'
import type { Intents } from './intents.ts'

/** What became of an alert. `unknown`: a run before this one meant to show it, and did not live to say that it had. */
export type NotifyOutcome = 'sent' | 'expired' | 'known' | 'unknown' | 'rejected'

export type AlertSinkOptions = Readonly<{
  codec: Pick<Codec, 'decode'>
  intents: Intents
  producer: Producer
  /** The real name of the topic for records that are no alerts. */
  deadLetters: string
  maxRecordBytes: number
  clock: Clock
  /** Shows one alert. `latencyMillis`: since the collector held the market's answer, null where that is not known. */
  show(alert: Alert, latencyMillis: number | null): void
  onSeen?: (latencyMillis: number) => void
  onOutcome?: (outcome: NotifyOutcome) => void
}>

type Incoming = Readonly<{ alert: Alert; collectedAt: number | null; appendedAt: number }>

/**
 * Shows each alert at most once, in this order for a batch:
 *
 *   1. what is known from an earlier run is passed over; what is past its deadline is recorded as expired
 *   2. the intents of the rest become durable
 *   3. they are shown
 *   4. recorded as sent; then the consumer's position may be committed
 *
 * Killed between 2 and 4, the next run finds an intent without outcome: it may have been seen, so it is not shown again, but counted.
 * Failed at 2, nothing was shown, and the batch comes again. Failed at 4, it comes again and is only recorded.
 */
export function createAlertSink(options: AlertSinkOptions): PartitionSink {
  const { codec, intents, producer, deadLetters, maxRecordBytes, clock, show, onSeen, onOutcome } = options
  /** Shown by this process, and not yet recorded as sent: a failed step 4 must lead neither to a second card nor to an unknown. */
  const unconfirmed = new Set<string>()

  const decode = async (record: LogRecord): Promise<Incoming | null> => {
    try {
      if (record.value === null) throw new RejectedError('no_value', 'expected an alert, found a record without value')
      const alert = await codec.decode('Alert', record.value)
      return { alert, collectedAt: timeOf(record.headers[collectedAtHeader]), appendedAt: record.timestamp }
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      await producer.send([deadLetter(record, error, { app: 'notifier', topic: deadLetters, maxRecordBytes })])
      onOutcome?.('rejected')
      return null
    }
  }

  /** What an earlier delivery left to do about this alert; null where it is news. */
  const known = ({ alert: { alertId } }: Incoming): 'unconfirmed' | 'unknown' | 'known' | null => {
    if (unconfirmed.has(alertId)) return 'unconfirmed'
    const status = intents.statusOf(alertId)
    if (status === undefined) return null
    return status === 'intended' ? 'unknown' : 'known'
  }

  const isExpired = ({ alert, collectedAt, appendedAt }: Incoming): boolean =>
    clock.now() > (collectedAt ?? appendedAt) + alert.deadlineMillis

  const showAll = (incoming: readonly Incoming[]) => {
    for (const { alert, collectedAt } of incoming) {
      unconfirmed.add(alert.alertId)
      show(alert, collectedAt === null ? null : clock.now() - collectedAt)
    }
  }

  return {
    async write({ records, nextOffset }) {
      const seenAt = clock.now()
      const incoming = (await Promise.all(records.map(decode))).filter((alert) => alert !== null)
      const sorted = Map.groupBy(oncePerAlert(incoming), (one) => known(one) ?? (isExpired(one) ? 'expired' : 'new'))
      const of = (kind: 'new' | 'expired' | 'unknown' | 'unconfirmed' | 'known') => sorted.get(kind) ?? []
      for (const { collectedAt } of [...of('new'), ...of('expired')]) if (collectedAt !== null) onSeen?.(seenAt - collectedAt)

      await intents.record(entries(of('new'), 'intended'), seenAt)
      showAll(of('new'))
      await intents.record(
        [
          ...entries([...of('new'), ...of('unconfirmed')], 'sent'),
          ...entries(of('expired'), 'expired', 'past its deadline'),
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
      count('unknown', 'unknown')
      count('known', 'known')
      return { offset: nextOffset, metadata: '' }
    },
  }
}

const entries = (incoming: readonly Incoming[], status: 'intended' | 'sent' | 'expired' | 'unknown', detail?: string) =>
  incoming.map(({ alert: { alertId } }) => ({ alertId, status, ...(detail === undefined ? {} : { detail }) }))

/** The same listing may come twice in one batch, for example a Dutch ask that fell. */
const oncePerAlert = (incoming: readonly Incoming[]): Incoming[] => [...new Map(incoming.map((one) => [one.alert.alertId, one])).values()]

function timeOf(header: string | undefined): number | null {
  const time = Number(header ?? Number.NaN)
  return Number.isFinite(time) ? time : null
}
