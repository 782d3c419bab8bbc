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
    clock: Clock
    /** Each tells every alert. */
    outlets: readonly DeskOutlet[]
    stopping: AbortSignal
    onSeen?: (latencyMillis: number) => void
    onOutcome?: (outcome: NotifyOutcome) => void
    onSettled?: (alertId: string) => void
  }>

/** Knows what it has told, and which of its desks tells an alert. */
export type DeskOutlet = Readonly<{
  name: string
  intents: Pick<Intents, 'find'>
  deskFor(alert: Alert): Readonly<{ take(alert: DeskAlert): void }>
}>

/** Beyond this many unsettled alerts of a partition, no more are taken: the log keeps them. */
const maxUnsettled = 5_000

/**
 * Hands alerts to the desks of their outlets, and commits as far as everything before is settled: a desk may take its time, and posts the
 * best first, not the first. What was in a desk's hands when a process ended is delivered again.
 */
export function createDeskSink(options: DeskSinkOptions): PartitionSink {
  const { clock, outlets, stopping, onSeen, onOutcome, onSettled } = options
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

  const isNews = ({ outlet, incoming: { alert } }: Task): boolean => {
    if (isInHand(inHand, idOf(outlet, alert))) return false
    const status = outlet.intents.find(alert.alertId)?.status
    if (status === undefined || status === 'intended') return true
    onOutcome?.('known')
    return false
  }

  const handOver = ({ outlet, incoming }: Task, isCurrent: () => boolean) => {
    const { alert } = incoming
    outlet.deskFor(alert).take({
      ...incoming,
      isCurrent: () => !closed && isCurrent(),
      settled(status: NotificationStatus | 'known') {
        apply({ type: 'settled', alertId: idOf(outlet, alert) })
        onOutcome?.(status)
        onSettled?.(alert.alertId)
      },
    })
  }

  return {
    async write({ records, nextOffset, isCurrent }) {
      const seenAt = clock.now()
      // First all are read, which may fail and be done again; then all are handed over.
      const read = await Promise.all(records.map((record) => readAlert(record, options)))
      for (const one of read) if (one === null) onOutcome?.('rejected')
      const once = oncePerAlert(read.filter((one) => one !== null))
      const news = once.flatMap((incoming) => outlets.map((outlet): Task => ({ outlet, incoming }))).filter(isNews)
      apply({ type: 'taken', nextOffset, alertIds: news.map(({ outlet, incoming }) => idOf(outlet, incoming.alert)) })
      for (const { collectedAt } of new Set(news.map(({ incoming }) => incoming))) if (collectedAt !== null) onSeen?.(seenAt - collectedAt)
      for (const task of news) handOver(task, isCurrent)
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

type Task = Readonly<{ outlet: DeskOutlet; incoming: IncomingAlert }>

/** In hand, an alert is as many things as there are outlets. */
const idOf = ({ name }: DeskOutlet, { alertId }: Alert): string => `${name} ${alertId}`
