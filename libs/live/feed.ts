import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import type { SpentBook } from '#lib/marketplace/spent-book.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Follower, Log, LogAdmin, LogRecord } from '#lib/stream/log.ts'
import type { Checkpoint } from '#lib/stream/runtime/fold.ts'
import { parseMetadata } from '#lib/stream/runtime/offset-metadata.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import type { LiveView } from './live-view.ts'
import type { MarketReader } from './market-reader.ts'
import type { ModelBook } from './model-book.ts'
import { createRecentLatency, type LatencySummary } from './recent-latency.ts'
import { createTimeline, type Timeline } from './timeline.ts'
import type { TradeBook } from './trade-book.ts'

/** market.events is read from where its fold begins; of the rest the newest is enough. */
const followed = {
  'market.events': Number.POSITIVE_INFINITY,
  'listings.enriched': 0,
  'listings.features': 0,
  'listings.scored': 2_000,
  alerts: 2_000,
  outcomes: Number.POSITIVE_INFINITY,
  'paper.trades': Number.POSITIVE_INFINITY,
  models: Number.POSITIVE_INFINITY,
  positions: Number.POSITIVE_INFINITY,
  trainings: Number.POSITIVE_INFINITY,
  'marketplace.key': Number.POSITIVE_INFINITY,
  'dead-letters': 2_000,
} as const satisfies Partial<Record<TopicName, number>>

type Followed = keyof typeof followed

const timelineCapacity = 4_096
const latencyCapacity = 5_000

export type Feed = Readonly<{
  timelines(topic: TopicName): ReadonlyMap<number, Timeline>
  /** From the collector holding the market's answer to the record read here; measured only on what came while we watched. */
  listingToScored(): LatencySummary | null
  listingToAlert(): LatencySummary | null
  /** Everything that was there at the start has been read. */
  isCaughtUp(): boolean
  caughtUp: Promise<void>
  finished: Promise<void>
  stop(): Promise<void>
}>

export type FeedOptions = Readonly<{
  log: Log
  codec: Codec
  prefix: string
  clock: Clock
  view: LiveView
  market: MarketReader
  book: TradeBook
  modelBook: Pick<ModelBook, 'takeTraining'>
  spentBook: Pick<SpentBook, 'take'>
  /** Where the market's fold begins. */
  marketFrom: Checkpoint | null
}>

/** Where the enricher, should it be restarted now, would begin to fold: all that its state depends on lies behind. Null: no commit yet. */
export async function enricherCheckpoint(admin: LogAdmin, prefix: string): Promise<Checkpoint | null> {
  const partition = { topic: topicName(prefix, 'market.events'), partition: 0 }
  const committed = await admin.committed(`${prefix}enricher`, partition)
  return committed === null ? null : parseMetadata(committed.metadata)
}

/** Reads the topics and hands every record to who keeps it. Records that cannot be read are their stage's business: passed over. */
export async function startFeed(options: FeedOptions): Promise<Feed> {
  const { log, codec, prefix, clock, view, market, book, modelBook, spentBook, marketFrom } = options
  const timelines = new Map<string, Map<number, Timeline>>()
  const scoredLatency = createRecentLatency(latencyCapacity)
  const alertLatency = createRecentLatency(latencyCapacity)
  let caughtUp = false

  const timelinesOf = (topic: string): Map<number, Timeline> => {
    const known = timelines.get(topic) ?? new Map<number, Timeline>()
    timelines.set(topic, known)
    return known
  }
  const note = ({ topic, partition, offset, timestamp }: LogRecord): void => {
    const partitions = timelinesOf(topic)
    const timeline = partitions.get(partition) ?? createTimeline(timelineCapacity)
    partitions.set(partition, timeline)
    timeline.add(offset, timestamp)
  }
  const measure = (latency: typeof scoredLatency, { headers }: LogRecord): void => {
    const collectedAt = Number(headers[collectedAtHeader] ?? Number.NaN)
    if (caughtUp && Number.isFinite(collectedAt)) latency.record(clock.now() - collectedAt)
  }

  const takers: Readonly<Record<Exclude<Followed, 'market.events'>, (record: LogRecord, value: Buffer) => void | Promise<void>>> = {
    'listings.enriched': () => {},
    'listings.features': () => {},
    async 'listings.scored'(record, value) {
      view.takeScored(await codec.decode('ScoredListing', value))
      measure(scoredLatency, record)
    },
    async alerts(record, value) {
      const alert = await codec.decode('Alert', value)
      view.takeAlert(alert)
      book.takeAlert(alert)
      measure(alertLatency, record)
    },
    async outcomes(_, value) {
      const outcome = await codec.decode('Outcome', value)
      view.takeOutcome(outcome)
      book.takeOutcome(outcome)
    },
    'paper.trades': async (_, value) => view.takePaper(await codec.decode('PaperTrade', value)),
    positions: async (_, value) => view.positions.take(await codec.decode('Position', value)),
    trainings: async (_, value) => modelBook.takeTraining(await codec.decode('TrainingRun', value)),
    models: async (_, value) => view.takeModel(await codec.decode('ModelAnnounced', value)),
    'marketplace.key': async ({ key }, value) => spentBook.take(key ?? '', await codec.decode('KeySpent', value)),
    'dead-letters': ({ headers }) => view.takeDeadLetter(headers[deadLetterHeaders.code] ?? 'unknown'),
  }

  const take = async (record: LogRecord): Promise<void> => {
    const topic = record.topic.slice(prefix.length) as Exclude<Followed, 'market.events'>
    // A dead letter may well have no value; elsewhere that is a tombstone.
    if (record.value === null && topic === 'marketplace.key') spentBook.take(record.key ?? '', null)
    if (record.value === null && topic !== 'dead-letters') return
    try {
      await takers[topic](record, record.value ?? Buffer.alloc(0))
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
    }
  }

  const marketTopic = topicName(prefix, 'market.events')
  const follower: Follower = await log.follow(
    Object.keys(followed).map((topic) => topicName(prefix, topic as Followed)),
    async (records) => {
      for (const record of records) note(record)
      if (records[0]?.topic === marketTopic) return market.take(records)
      for (const record of records) await take(record)
    },
    {
      startAt: ({ topic, first, next }) =>
        topic === marketTopic
          ? Math.max(first, marketFrom?.offset ?? first)
          : Math.max(first, next - followed[topic.slice(prefix.length) as Followed]),
    },
  )
  follower.caughtUp.then(
    () => {
      caughtUp = true
    },
    () => {},
  )
  return {
    timelines: (topic) => timelinesOf(topicName(prefix, topic)),
    listingToScored: scoredLatency.summary,
    listingToAlert: alertLatency.summary,
    isCaughtUp: () => caughtUp,
    caughtUp: follower.caughtUp,
    finished: follower.finished,
    stop: follower.stop,
  }
}
