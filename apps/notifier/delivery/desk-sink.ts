import type { Clock } from '#lib/clock/clock.ts'
import type { CommittedOffset } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import type { Alert, NotificationStatus } from '#schemas/types.ts'
import type { NotifyOutcome } from './alert-sink.ts'
import type { DeskAlert } from './channel-desk.ts'
import { countInHand, type InHand, type InHandEvent, isInHand, next, settledUpTo } from './in-hand.ts'
import { type IncomingAlert, oncePerAlert, type ReadAlertOptions, readAlert } from './incoming-alert.ts'
import type { Intents } from './intents.ts'

export type DeskSinkOptions = ReadAlertOptions &
  Readonly<{
    intents: Pick<Intents, 'find'>
    clock: Clock
    deskFor(alert: Alert): Readonly<{ take(alert: DeskAlert): void }>
    stopping: AbortSignal
    onSeen?: (latencyMillis: number) => void
    onOutcome?: (outcome: NotifyOutcome) => void
    onSettled?: (alertId: string) => void
  }>

/** Beyond this many unsettled alerts of a partition, no more are taken: the log keeps them. */
const maxUnsettled = 5_000

/**
 * Hands alerts to the desks of their channels, and commits as far as everything before is settled: a desk may take its time, and posts the
 * best first, not the first. What was in a desk's hands when a process ended is delivered again.
 */
export function createDeskSink(options: DeskSinkOptions): PartitionSink {
  const { intents, clock, deskFor, stopping, onSeen, onOutcome, onSettled } = options
  let inHand: InHand = []
  let closed = false
  let room = Promise.withResolvers<void>()
  stopping.addEventListener('abort', () => room.resolve())

  const apply = (event: InHandEvent) => {
    inHand = next(inHand, event)
    room.resolve()
    room = Promise.withResolvers<void>()
  }

  const progress = (): CommittedOffset | null => {
    const offset = settledUpTo(inHand)
    if (offset === null) return null
    apply({ type: 'left behind', offset })
    return { offset, metadata: '' }
  }

  const isNews = ({ alert: { alertId } }: IncomingAlert): boolean => {
    if (isInHand(inHand, alertId)) return false
    const status = intents.find(alertId)?.status
    if (status === undefined || status === 'intended') return true
    onOutcome?.('known')
    return false
  }

  const settle = (alertId: string, status: NotificationStatus | 'known') => {
    apply({ type: 'settled', alertId })
    onOutcome?.(status)
    onSettled?.(alertId)
  }

  return {
    async write({ records, nextOffset, isCurrent }) {
      const seenAt = clock.now()
      // First all are read, which may fail and be done again; then all are handed over.
      const read = await Promise.all(records.map((record) => readAlert(record, options)))
      for (const one of read) if (one === null) onOutcome?.('rejected')
      const news = oncePerAlert(read.filter((one) => one !== null)).filter(isNews)
      apply({ type: 'taken', nextOffset, alertIds: news.map(({ alert }) => alert.alertId) })
      for (const incoming of news) {
        if (incoming.collectedAt !== null) onSeen?.(seenAt - incoming.collectedAt)
        const settled = (status: NotificationStatus | 'known') => settle(incoming.alert.alertId, status)
        deskFor(incoming.alert).take({ ...incoming, isCurrent: () => !closed && isCurrent(), settled })
      }
      while (countInHand(inHand) > maxUnsettled && !closed && !stopping.aborted) await room.promise
      return progress()
    },
    async idle() {
      return progress()
    },
    async close() {
      closed = true
      room.resolve()
    },
  }
}
