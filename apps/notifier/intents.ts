import { createHash } from 'node:crypto'
import { randomId } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Follower, Log, LogRecord, NewRecord, Producer } from '#lib/stream/log.ts'
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import { applyWord, heldDetail, type Story } from './story.ts'

/**
 * What was about to be shown to whom, and what became of it: topic `notifications`. An intent is durable before anything is shown, so a
 * restart knows every alert that may have been seen already, and shows none twice.
 *
 * Two processes may hold one alert for a moment (a member that was frozen, a rebalance in the middle of a retry). The log decides between
 * them: each intent names its writer, and only the writer of the first one shows the alert (story.ts).
 */
export interface Intents {
  /** Reads what earlier runs wrote, on this machine or another. Call it when a partition is taken over. */
  load(): Promise<void>
  /** The newest word about an alert. */
  find(alertId: string): Notification | undefined
  /** This process means to show it, and nothing has become of that yet. */
  owns(alertId: string): boolean
  /** The newest word about each alert, where it was said since then. */
  since(time: number): Notification[]
  /**
   * Means to show these alerts, and reads back from the log which of them are ours to show: the others are another writer's, or closed.
   * RetryableError: unknown; the same call may be made again.
   */
  claim(entries: readonly Omit<IntentEntry, 'status'>[], at: number): Promise<ReadonlySet<string>>
  /** Resolved = durable. RetryableError: unknown; the same call may be made again. */
  record(entries: readonly IntentEntry[], at: number): Promise<void>
  close(): Promise<void>
}

export type IntentEntry = Readonly<{
  alertId: string
  status: NotificationStatus
  /** Where it is shown, if that is not the one place of this process. */
  channel?: string
  messageId?: string | null
  detail?: string
  /** Whose intent this is about, where that is not this process. */
  writer?: string | null
}>

export type IntentsOptions = Readonly<{
  log: Pick<Log, 'follow'>
  producer: Producer
  codec: Codec
  prefix: string
  channel: string
  /** Which channels' notifications count as ours; default: `channel` alone. */
  isOurs?: (channel: string) => boolean
  /** A name that no other process has, nor this one after a restart. */
  writer?: string
  onUnreadable?: () => void
}>

export function createIntents(options: IntentsOptions): Intents {
  const { log, producer, codec, prefix, channel: usual, isOurs = (channel) => channel === usual } = options
  const { writer: self = randomId(), onUnreadable } = options
  const topic = topicName(prefix, 'notifications')
  /** As the log has it, in its order. */
  const stories = new Map<string, Story>()
  /** Said by this process: it holds at once, before the log gives it back. */
  const said = new Map<string, Notification>()
  /** Claims of ours that the log has not given back yet. */
  const waiting = new Map<string, PromiseWithResolvers<void>[]>()
  const applied = new Map<number, number>()
  let following: Promise<Follower> | null = null

  const recordOf = (notification: Notification): NewRecord => ({
    topic,
    key: `${notification.alertId} ${notification.channel}`,
    value: codec.encode('Notification', notification),
  })
  const notificationOf = (entry: IntentEntry, at: number): Notification => {
    const { alertId, status, channel = usual, messageId = null, detail = null, writer = self } = entry
    return { alertId, channel, nonce: nonceOf(alertId, channel), status, messageId, at, detail, writer }
  }

  /** Several readers may bring the same records, each in order: what is behind us is not told again. */
  const apply = async (records: readonly LogRecord[]) => {
    for (const { partition, offset, value } of records) {
      const notification = await decodeKnown(codec, 'Notification', value)
      if (offset <= (applied.get(partition) ?? -1)) continue
      applied.set(partition, offset)
      if (notification === null && value !== null) onUnreadable?.()
      if (notification === null || !isOurs(notification.channel)) continue
      const { alertId, status, writer, detail } = notification
      stories.set(alertId, applyWord(stories.get(alertId), notification))
      // An intent that was given up is not the claim that was made after it.
      if (status !== 'intended' || writer !== self || detail === heldDetail) continue
      for (const { resolve } of waiting.get(alertId) ?? []) resolve()
      waiting.delete(alertId)
    }
  }

  const follow = async (): Promise<Follower> => {
    following ??= log.follow([topic], apply)
    try {
      return await following
    } catch (error) {
      following = null
      throw error
    }
  }

  const find = (alertId: string): Notification | undefined => {
    const [own, logged] = [said.get(alertId), stories.get(alertId)?.newest]
    return own !== undefined && own.at >= (logged?.at ?? Number.NEGATIVE_INFINITY) ? own : logged
  }

  /** An intent that came too late is the newest record of its key, and all that compaction would leave: what closed the story is said again. */
  const restateClosed = async (alertIds: readonly string[]): Promise<void> => {
    const closed = alertIds.map((alertId) => stories.get(alertId)).filter((story) => story !== undefined && story.closedBy !== null)
    if (closed.length > 0) await producer.send(closed.map((story) => recordOf(story!.newest)))
  }

  const owns = (alertId: string): boolean => stories.get(alertId)?.owner?.writer === self

  return {
    async load() {
      const isFirst = following === null
      const follower = await follow()
      if (isFirst) return void (await Promise.race([follower.caughtUp, follower.finished]))
      // How far the one reader is nobody can say; a second one says when it has seen what there is now.
      const second = await log.follow([topic], apply)
      await Promise.race([second.caughtUp, second.finished])
      await second.stop()
    },
    find,
    owns,
    since: (time) =>
      [...new Set([...stories.keys(), ...said.keys()])]
        .map((alertId) => find(alertId))
        .filter((word) => word !== undefined && word.at >= time) as Notification[],
    async claim(entries, at) {
      if (entries.length === 0) return new Set()
      const { finished } = await follow()
      const seen = entries.map(({ alertId }) => {
        const back = Promise.withResolvers<void>()
        waiting.set(alertId, [...(waiting.get(alertId) ?? []), back])
        return back.promise
      })
      await producer.send(entries.map((entry) => recordOf(notificationOf({ ...entry, status: 'intended' }, at))))
      await Promise.race([Promise.all(seen), finished])
      for (const { alertId } of entries) said.delete(alertId)
      await restateClosed(entries.map(({ alertId }) => alertId).filter((alertId) => !owns(alertId)))
      return new Set(entries.map(({ alertId }) => alertId).filter(owns))
    },
    async record(entries, at) {
      if (entries.length === 0) return
      const notifications = entries.map((entry) => notificationOf(entry, at))
      await producer.send(notifications.map(recordOf))
      for (const notification of notifications) said.set(notification.alertId, notification)
    },
    async close() {
      const follower = await following?.catch(() => null)
      await follower?.stop()
    },
  }
}

/** What a channel that can refuse duplicates recognises them by: a pure function of the alert, at most 25 characters as Discord wants. */
export const nonceOf = (alertId: string, channel: string): string =>
  createHash('sha256').update(`${channel} ${alertId}`).digest('hex').slice(0, 25)
