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
  /** The newest word about an alert. */
  find(alertId: string): Notification | undefined
  /** The newest word about each alert, where it was said since then. */
  since(time: number): Notification[]
  /** Resolved = durable. RetryableError: unknown; the same call may be made again. */
  record(entries: readonly IntentEntry[], at: number): Promise<void>
}

export type IntentEntry = Readonly<{
  alertId: string
  status: NotificationStatus
  /** Where it is shown, if that is not the one place of this process. */
  channel?: string
  messageId?: string | null
  detail?: string
}>

export function createIntents(options: {
  log: Pick<Log, 'follow'>
  producer: Producer
  codec: Codec
  prefix: string
  channel: string
  /** Which channels' notifications count as ours; default: `channel` alone. */
  isOurs?: (channel: string) => boolean
}): Intents {
  const { log, producer, codec, prefix, channel: usual, isOurs = (channel) => channel === usual } = options
  const topic = topicName(prefix, 'notifications')
  const newest = new Map<string, Notification>()

  const recordOf = (notification: Notification): NewRecord => ({
    topic,
    key: `${notification.alertId} ${notification.channel}`,
    value: codec.encode('Notification', notification),
  })

  return {
    async load() {
      // Aside first: while the past is read again, other partitions go on asking, and must not be told what was true long ago.
      const loaded = new Map<string, Notification>()
      const following = await log.follow([topic], async (records) => {
        for (const { value } of records) {
          if (value === null) continue
          const notification = await codec.decode('Notification', value)
          if (isOurs(notification.channel)) loaded.set(notification.alertId, notification)
        }
      })
      await Promise.race([following.caughtUp, following.finished])
      await following.stop()
      for (const [alertId, notification] of loaded)
        if ((newest.get(alertId)?.at ?? Number.NEGATIVE_INFINITY) <= notification.at) newest.set(alertId, notification)
    },
    find: (alertId) => newest.get(alertId),
    since: (time) => [...newest.values()].filter(({ at }) => at >= time),
    async record(entries, at) {
      if (entries.length === 0) return
      const notifications = entries.map(({ alertId, status, channel = usual, messageId = null, detail = null }) => ({
        alertId,
        channel,
        nonce: nonceOf(alertId, channel),
        status,
        messageId,
        at,
        detail,
      }))
      await producer.send(notifications.map(recordOf))
      for (const notification of notifications) newest.set(notification.alertId, notification)
    },
  }
}

/** What a channel that can refuse duplicates recognises them by: a pure function of the alert, at most 25 characters as Discord wants. */
export const nonceOf = (alertId: string, channel: string): string =>
  createHash('sha256').update(`${channel} ${alertId}`).digest('hex').slice(0, 25)
