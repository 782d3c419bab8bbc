import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { deadLetter } from '#lib/stream/dead-letter.ts'
import type { LogRecord, Producer } from '#lib/stream/log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import type { Alert } from '#schemas/types.ts'

/** An alert as it arrives. `collectedAt`: when the collector held the market's answer, null where nobody said; wall clock. */
export type IncomingAlert = Readonly<{ alert: Alert; collectedAt: number | null; appendedAt: number; expiresAt: number }>

export type ReadAlertOptions = Readonly<{
  codec: Pick<Codec, 'decode'>
  producer: Producer
  /** The real name of the topic for records that are no alerts. */
  deadLetters: string
  maxRecordBytes: number
}>

/** Null where the record is no alert, once it lies among the dead letters. */
export async function readAlert(record: LogRecord, options: ReadAlertOptions): Promise<IncomingAlert | null> {
  const { codec, producer, deadLetters, maxRecordBytes } = options
  try {
    if (record.value === null) throw new RejectedError('no_value', 'expected an alert, found a record without value')
    const alert = await codec.decode('Alert', record.value)
    const collectedAt = timeOf(record.headers[collectedAtHeader])
    return { alert, collectedAt, appendedAt: record.timestamp, expiresAt: (collectedAt ?? record.timestamp) + alert.deadlineMillis }
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error
    await producer.send([deadLetter(record, error, { app: 'notifier', topic: deadLetters, maxRecordBytes })])
    return null
  }
}

function timeOf(header: string | undefined): number | null {
  const time = Number(header ?? Number.NaN)
  return Number.isFinite(time) ? time : null
}

/** The same listing may come twice in one batch, for example a Dutch ask that fell. */
export const oncePerAlert = (incoming: readonly IncomingAlert[]): IncomingAlert[] => [
  ...new Map(incoming.map((one) => [one.alert.alertId, one])).values(),
]
