import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Log } from '#lib/stream/log.ts'
import { dateTime } from '#lib/words/format.ts'
import type { KeySpent } from '#schemas/types.ts'
import { holdsFor } from './spent.ts'

/** What topic `marketplace.key` says, for people: whatever key it is about. */
export interface SpentBook {
  /** A null value takes back what stood under the key of the topic. */
  take(logKey: string, record: KeySpent | null): void
  /** What holds now, the longest first. */
  holding(): readonly KeySpent[]
  /** All keys of the topic that something stands under. */
  logKeys(): readonly string[]
}

export function createSpentBook(clock: Pick<Clock, 'now'>): SpentBook {
  const newest = new Map<string, KeySpent>()
  return {
    take(logKey, record) {
      if (record === null) newest.delete(logKey)
      else newest.set(logKey, record)
    },
    holding: () => [...newest.values()].filter((record) => holdsFor(record, clock.now()) > 0).sort((a, b) => b.until - a.until),
    logKeys: () => [...newest.keys()],
  }
}

/** As it is now; empty where nobody was told anything. Rejects as the log does. */
export async function readSpentBook({
  log,
  codec,
  prefix,
  clock,
}: {
  log: Pick<Log, 'follow'>
  codec: Pick<Codec, 'decode'>
  prefix: string
  clock: Pick<Clock, 'now'>
}): Promise<SpentBook> {
  const book = createSpentBook(clock)
  const follower = await log.follow([topicName(prefix, 'marketplace.key')], async (records) => {
    for (const { key, value } of records) {
      const record = await decodeKnown(codec, 'KeySpent', value)
      if (key !== null && (record !== null || value === null)) book.take(key, record)
    }
  })
  await Promise.race([follower.caughtUp, follower.finished])
  await follower.stop()
  return book
}

/** For people: whose, until when, and who was told. */
export const spentWords = ({ share, until, by, reason }: Pick<KeySpent, 'share' | 'until' | 'by' | 'reason'>): string =>
  `${share === null ? 'the marketplace key is spent' : `the ${share}'s share of the marketplace key is spent`} until ${dateTime(until)} UTC, as the ${by} was told: ${reason}`
