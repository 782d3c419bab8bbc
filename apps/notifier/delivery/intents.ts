import { randomId } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Follower, Log, LogRecord, NewRecord, Producer } from '#lib/stream/log.ts'
import type { Notification } from '#schemas/types.ts'
import type { Word } from './delivery.ts'
import { createIntentBook } from './intent-book.ts'
import { nonceOf } from './nonce.ts'

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

/** `channel`: where it is shown, if that is not the one place of this process. */
export type IntentEntry = Word & Readonly<{ alertId: string; channel?: string }>

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
  const { producer, codec, prefix, channel: usual, writer: self = randomId() } = options
  const topic = topicName(prefix, 'notifications')
  const book = createIntentBook(self)
  /** Claims of ours that the log has not given back yet. */
  const waiting = new Map<string, PromiseWithResolvers<void>[]>()
  const reading = createReading({ ...options, topic }, (word) => {
    if (!book.take(word)) return
    for (const { resolve } of waiting.get(word.alertId) ?? []) resolve()
    waiting.delete(word.alertId)
  })

  const recordOf = (word: Notification): NewRecord => ({
    topic,
    key: keyOf(word),
    value: codec.encode('Notification', word),
  })
  const wordOf = (entry: IntentEntry, at: number): Notification => {
    const { alertId, status, channel = usual, messageId = null, detail = null, writer = self } = entry
    return { alertId, channel, nonce: nonceOf(alertId, channel), status, messageId, at, detail, writer }
  }

  const isBack = (alertId: string): Promise<void> => {
    const back = Promise.withResolvers<void>()
    waiting.set(alertId, [...(waiting.get(alertId) ?? []), back])
    return back.promise
  }

  return {
    load: reading.load,
    find: book.find,
    owns: book.owns,
    since: book.since,
    async claim(entries, at) {
      if (entries.length === 0) return new Set()
      const { finished } = await reading.follow()
      const alertIds = entries.map(({ alertId }) => alertId)
      const back = Promise.all(alertIds.map(isBack))
      await producer.send(entries.map((entry) => recordOf(wordOf({ ...entry, status: 'intended' }, at))))
      await Promise.race([back, finished])
      for (const alertId of alertIds) book.forgetNoted(alertId)
      return new Set(alertIds.filter(book.owns))
    },
    async record(entries, at) {
      if (entries.length === 0) return
      const words = entries.map((entry) => wordOf(entry, at))
      await producer.send(words.map(recordOf))
      for (const word of words) book.noted(word)
    },
    close: reading.close,
  }
}

/**
 * What a writer means to do has a key of its own, and so has each thing that became of an alert. Under one key a word that comes too late
 * would be all that compaction leaves of the one that counts, and somebody would show the alert again. An intent and its being given up
 * share a key: an intent that compaction leaves was not given up later.
 */
export const keyOf = ({ alertId, channel, status, writer }: Notification): string =>
  [alertId, channel, status === 'intended' ? `by ${writer ?? 'an older version'}` : status].join(' ')

type ReadingOptions = Pick<IntentsOptions, 'log' | 'codec' | 'channel' | 'isOurs' | 'onUnreadable'> & Readonly<{ topic: string }>

/** The topic, read as often as a partition is taken over, and each record given on once. */
function createReading(options: ReadingOptions, onWord: (word: Notification) => void) {
  const { log, codec, topic, channel: usual, isOurs = (channel) => channel === usual, onUnreadable } = options
  const applied = new Map<number, number>()
  let following: Promise<Follower> | null = null

  /** Several readers may bring the same records, each in order: what is behind us is not told again. */
  const apply = async (records: readonly LogRecord[]) => {
    for (const { partition, offset, value } of records) {
      const word = await decodeKnown(codec, 'Notification', value)
      if (offset <= (applied.get(partition) ?? -1)) continue
      applied.set(partition, offset)
      if (word === null && value !== null) onUnreadable?.()
      if (word !== null && isOurs(word.channel)) onWord(word)
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

  return {
    follow,
    async load() {
      const isFirst = following === null
      const follower = await follow()
      if (isFirst) return void (await Promise.race([follower.caughtUp, follower.finished]))
      // How far the one reader is nobody can say; a second one says when it has seen what there is now.
      const second = await log.follow([topic], apply)
      await Promise.race([second.caughtUp, second.finished])
      await second.stop()
    },
    async close() {
      const follower = await following?.catch(() => null)
      await follower?.stop()
    },
  }
}
