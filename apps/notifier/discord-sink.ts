import type { Clock } from '#lib/clock/clock.ts'
import type { CommittedOffset } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import type { Alert } from '#schemas/types.ts'
import type { NotifyOutcome } from './alert-sink.ts'
import type { ChannelDesk } from './channel-desk.ts'
import { type IncomingAlert, type ReadAlertOptions, readAlert } from './incoming-alert.ts'
import type { Intents } from './intents.ts'

export type DiscordSinkOptions = ReadAlertOptions &
  Readonly<{
    intents: Pick<Intents, 'find'>
    clock: Clock
    deskFor(alert: Alert): ChannelDesk
    stopping: AbortSignal
    onSeen?: (latencyMillis: number) => void
    onOutcome?: (outcome: NotifyOutcome) => void
    onSettled?: (alertId: string) => void
  }>

/** Beyond this many unsettled alerts of a partition, no more are taken: the log keeps them. */
const mostUnsettled = 5_000

/**
 * Hands alerts to the desks of their channels, and commits as far as everything before is settled: a desk may take its time, and posts the
 * best first, not the first. What was in a desk's hands when a process ended is delivered again.
 */
export function createDiscordSink(options: DiscordSinkOptions): PartitionSink {
  const { intents, clock, deskFor, stopping, onSeen, onOutcome, onSettled } = options
  const unsettled = new Set<string>()
  /** Offsets behind which something is still unsettled, oldest first. */
  let marks: { nextOffset: number; open: number }[] = []
  let closed = false
  let room = Promise.withResolvers<void>()
  stopping.addEventListener('abort', () => room.resolve())

  const progress = (): CommittedOffset | null => {
    const first = marks.findIndex(({ open }) => open > 0)
    const done = first === -1 ? marks.length : first
    if (done === 0) return null
    const { nextOffset } = marks[done - 1]!
    marks = marks.slice(done)
    return { offset: nextOffset, metadata: '' }
  }

  const isNews = ({ alert: { alertId } }: IncomingAlert): boolean => {
    if (unsettled.has(alertId)) return false
    const status = intents.find(alertId)?.status
    if (status === undefined || status === 'intended') return true
    onOutcome?.('known')
    return false
  }

  const handOver = (incoming: IncomingAlert, mark: { open: number }, isCurrent: () => boolean) => {
    const { alertId } = incoming.alert
    unsettled.add(alertId)
    mark.open++
    deskFor(incoming.alert).take({
      ...incoming,
      isCurrent: () => !closed && isCurrent(),
      settled(status) {
        unsettled.delete(alertId)
        mark.open--
        onOutcome?.(status)
        onSettled?.(alertId)
        room.resolve()
      },
    })
  }

  return {
    async write({ records, nextOffset, isCurrent }) {
      const seenAt = clock.now()
      // First all are read, which may fail and be done again; then all are handed over.
      const read = await Promise.all(records.map((record) => readAlert(record, options)))
      const mark = { nextOffset, open: 0 }
      for (const incoming of read) {
        if (incoming === null) onOutcome?.('rejected')
        else if (isNews(incoming)) {
          if (incoming.collectedAt !== null) onSeen?.(seenAt - incoming.collectedAt)
          handOver(incoming, mark, isCurrent)
        }
      }
      marks.push(mark)
      while (unsettled.size > mostUnsettled && !stopping.aborted) {
        room = Promise.withResolvers<void>()
        await room.promise
      }
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
