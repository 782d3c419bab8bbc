import { isEgg } from '#lib/axie/anatomy.ts'
import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Follower, FollowOptions, Log, LogRecord } from '#lib/stream/log.ts'
import { redrivenLetterOf } from '#lib/stream/redriven.ts'
import type { MarketEvent } from '#schemas/types.ts'

/** What a read-committed reader of the topics has seen: the truth that the summary reports, whatever the apps believe of themselves. */
export type Counts = {
  marketEvents: number
  /** Live listings; backfilled history is folded, never priced. */
  listings: number
  eggs: number
  /** Live sales. */
  sales: number
  backfilled: number
  enriched: number
  featurized: number
  scored: number
  alerts: number
  deadLetters: number
  /** Dead letters that were a live listing in market.events, or one on its way after it. */
  deadListings: number
}

export type Observer = Readonly<{
  counts: Readonly<Counts>
  /** observedAt of the newest event; null before the first. */
  marketTime(): number | null
  /** One past the last visible record of each partition of a topic. */
  ends(topic: TopicName): ReadonlyMap<number, number>
  /** How long no record has come. */
  quietForMillis(): number
  stop(): Promise<void>
}>

const counted = ['market.events', 'listings.enriched', 'listings.features', 'listings.scored', 'alerts', 'dead-letters'] as const
const countOf: Partial<Record<TopicName, keyof Counts>> = {
  'listings.enriched': 'enriched',
  'listings.features': 'featurized',
  'listings.scored': 'scored',
  alerts: 'alerts',
}

export async function startObserver({
  log,
  codec,
  prefix,
  clock,
  alsoSeen,
  onTrouble = () => {},
}: {
  log: Log
  codec: Codec
  prefix: string
  clock: Clock
  /** Topics whose ends are of interest too. */
  alsoSeen: readonly TopicName[]
  /** Told why reading has ended, before it begins anew where it was. */
  onTrouble?: (error: Error) => void
}): Promise<Observer> {
  const counts: Counts = {
    marketEvents: 0,
    listings: 0,
    eggs: 0,
    sales: 0,
    backfilled: 0,
    enriched: 0,
    featurized: 0,
    scored: 0,
    alerts: 0,
    deadLetters: 0,
    deadListings: 0,
  }
  const ends = new Map<string, Map<number, number>>()
  let marketTime: number | null = null
  let lastRecordAt = clock.monotonic()

  const decodeEvent = async (bytes: Buffer | null): Promise<MarketEvent | null> => {
    try {
      return bytes === null ? null : await codec.decode('MarketEvent', bytes)
    } catch {
      return null // Garbage is part of the test data: it is counted as a dead letter.
    }
  }
  const countEvent = (event: MarketEvent | null): void => {
    counts.marketEvents++
    if (event === null) return
    marketTime = Math.max(marketTime ?? 0, event.observedAt)
    if (event.origin === 'backfill') counts.backfilled++
    else if ('flipstream.Sale' in event.payload) counts.sales++
    else if ('flipstream.Listing' in event.payload) {
      if (isEgg(event.payload['flipstream.Listing'].item)) counts.eggs++
      else counts.listings++
    }
  }
  const countDeadLetter = async (record: LogRecord): Promise<void> => {
    if (redrivenLetterOf(record) !== null) return
    counts.deadLetters++
    const source = record.headers[deadLetterHeaders.topic] ?? ''
    if (source.endsWith('listings.enriched') || source.endsWith('listings.features')) counts.deadListings++
    if (!source.endsWith('market.events')) return
    const event = await decodeEvent(record.value)
    if (event?.origin === 'live' && 'flipstream.Listing' in event.payload) counts.deadListings++
  }

  const take = async (records: readonly LogRecord[]): Promise<void> => {
    lastRecordAt = clock.monotonic()
    for (const record of records) {
      const topic = record.topic.slice(prefix.length) as TopicName
      const partitions = ends.get(topic) ?? new Map<number, number>()
      // After a lost connection some come a second time.
      if (record.offset < (partitions.get(record.partition) ?? 0)) continue
      ends.set(topic, partitions.set(record.partition, record.offset + 1))
      if (topic === 'market.events') countEvent(await decodeEvent(record.value))
      else if (topic === 'dead-letters') await countDeadLetter(record)
      else if (countOf[topic] !== undefined) counts[countOf[topic]]++
    }
  }
  const following = await followForEver({
    log,
    clock,
    topics: [...new Set([...counted, ...alsoSeen])].map((topic) => topicName(prefix, topic)),
    take,
    startAt: ({ topic, partition, first }) => Math.max(first, ends.get(topic.slice(prefix.length) as TopicName)?.get(partition) ?? first),
    onTrouble,
  })
  return {
    counts,
    marketTime: () => marketTime,
    ends: (topic) => ends.get(topic) ?? new Map(),
    // Who does not read cannot tell that nothing comes.
    quietForMillis: () => (following.isFollowing() ? clock.monotonic() - lastRecordAt : 0),
    stop: following.stop,
  }
}

type Following = Readonly<{
  log: Log
  clock: Clock
  topics: readonly string[]
  take(records: readonly LogRecord[]): Promise<void>
  startAt: NonNullable<FollowOptions['startAt']>
  onTrouble(error: Error): void
}>

/** A follower that a broker has cut off for good is replaced by a new one, which goes on where it was. */
async function followForEver({ log, clock, topics, take, startAt, onTrouble }: Following) {
  const stopping = new AbortController()
  let follower: Follower | null = await log.follow(topics, take)
  const follow = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        follower ??= await log.follow(topics, take, { startAt })
        failures = 0
        await follower.finished
      } catch (error) {
        if (!stopping.signal.aborted) onTrouble(error as Error)
        await follower?.stop().catch(() => {})
        follower = null
        await clock.sleep(backoffMillis(++failures, clock), stopping.signal).catch(() => {})
      }
    }
  }
  void follow()
  return {
    isFollowing: () => follower !== null,
    async stop() {
      stopping.abort()
      await follower?.stop()
    },
  }
}
