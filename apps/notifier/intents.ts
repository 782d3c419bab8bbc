import { createHash } from 'node:crypto'
import type { Codec } from '#lib/codec/codec.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log, NewRecord, Producer } from '#lib/stream/log.ts'
import type { Notification, NotificationStatus } from '#schemas/types.ts'

/**
 * What was about to be shown to whom, and what became of it: topic `notifications`. An intent is durable before anything is shown, so a
 * restart knows every alert that may have been seen already, and shows none twice.
 */
export interface Intents {
  /** Reads what earlier runs wrote, on this machine or another. Call it when a partition is taken over. */
  load(): Promise<void>
  statusOf(alertId: string): NotificationStatus | undefined
  /** Resolved = durable. RetryableError: unknown; the same call may be made again. */
  record(entries: readonly Readonly<{ alertId: string; status: NotificationStatus; detail?: string }>[], at: number): Promise<void>
}

export function createIntents(options: {
  log: Pick<Log, 'follow'>
  producer: Producer
  codec: Codec
  prefix: string
  channel: string
}): Intents {
  const { log, producer, codec, prefix, channel } = options
  const topic = topicName(prefix, 'notifications')
  const statuses = new Map<string, NotificationStatus>()
  const keyOf = (alertId: string) => `${alertId} ${channel}`

  const recordOf = (notification: Notification): NewRecord => ({
    topic,
    key: keyOf(notification.alertId),
    value: codec.encode('Notification', notification),
  })

  return {
    async load() {
      const following = await log.follow([topic], async (records) => {
        for (const { value } of records) {
          if (value === null) continue
          const notification = await codec.decode('Notification', value)
          if (notification.channel === channel) statuses.set(notification.alertId, notification.status)
        }
      })
      await Promise.race([following.caughtUp, following.finished])
      await following.stop()
    },
    statusOf: (alertId) => statuses.get(alertId),
    async record(entries, at) {
      if (entries.length === 0) return
      const notifications = entries.map(({ alertId, status, detail = null }) => ({
        alertId,
        channel,
        nonce: nonceOf(alertId, channel),
        status,
        messageId: null,
        at,
        detail,
      }))
      await producer.send(notifications.map(recordOf))
      for (const { alertId, status } of entries) statuses.set(alertId, status)
    },
  }
}

/** What a channel that can refuse duplicates recognises them by: a pure function of the alert, at most 25 characters as Discord wants. */
const nonceOf = (alertId: string, channel: string): string =>
  createHash('sha256').update(`${channel} ${alertId}`).digest('hex').slice(0, 25)
