import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, secondMillis } from '#lib/clock/durations.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { countUnreadable, decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Follower, Log, LogRecord, Producer } from '#lib/stream/log.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { KeySpent } from '#schemas/types.ts'
import type { BudgetUser } from './shares.ts'
import { createHeldShares, fingerprintOf, recordOf, type Spent, spentKey } from './spent.ts'

export type SpentRecordOptions = Readonly<{
  log: Pick<Log, 'follow' | 'producer'>
  codec: Pick<Codec, 'prepare' | 'encode' | 'decode'>
  prefix: string
  clock: Clock
  apiKey: string
  user: BudgetUser
  /** Told in a sentence why others are not heard, or not told, and go on without. */
  onTrouble(problem: string): void
  onUnreadable?: () => void
}>

export type SpentRecord = Spent & Readonly<{ close(): Promise<void> }>

/** A start waits this long for what others told; a log that is away is no reason not to ask the marketplace. */
const patienceMillis = 10 * secondMillis
const tellAgainMillis = 5 * secondMillis

/**
 * Follows topic `marketplace.key`, and tells there what the marketplace said to us. It may be empty, away or full of garbage: then each
 * process knows what it was told itself, and asks.
 */
export async function openSpentRecord(options: SpentRecordOptions): Promise<SpentRecord> {
  const { codec, prefix, clock, apiKey, user, onTrouble } = options
  const own = { clock, user, key: fingerprintOf(apiKey) }
  const topic = topicName(prefix, 'marketplace.key')
  const shares = createHeldShares(own)
  const stopping = new AbortController()
  const following = follow({ ...options, topic, stopping: stopping.signal }, shares)
  await Promise.race([following.caughtUp, clock.sleep(patienceMillis, stopping.signal).catch(() => {})])

  let producer: Producer | null = null
  const publish = async (record: KeySpent): Promise<void> => {
    // For as long as others might still have use for it.
    for (const begun = clock.monotonic(); clock.monotonic() - begun < dayMillis && !stopping.signal.aborted; ) {
      try {
        await codec.prepare(['KeySpent'])
        producer ??= options.log.producer()
        return await producer.send([{ topic, key: spentKey(record), value: codec.encode('KeySpent', record) }])
      } catch (error) {
        onTrouble(`others who use the key are not told yet that it is spent: ${(error as Error).message}`)
        await clock.sleep(tellAgainMillis, stopping.signal).catch(() => {})
      }
    }
  }
  let telling = Promise.resolve()
  return {
    ...shares,
    tell(spending) {
      const record = recordOf(spending, own)
      shares.take(record)
      telling = telling.then(() => publish(record))
    },
    async close() {
      stopping.abort()
      await following.stop()
      await telling
      await producer?.close()
    },
  }
}

type AppParts = Readonly<{
  log: Log
  codec: Codec
  prefix: string
  clock: Clock
  logger: Pick<Logger, 'warn'>
  metrics: Metrics
}>

/** The same for an app, with what its metrics show: alert MarketplaceKeySpent watches it. */
export async function openSpentRecordOf(app: AppParts, user: BudgetUser, apiKey: string): Promise<SpentRecord> {
  const { logger, metrics, ...ports } = app
  const spent = await openSpentRecord({
    ...ports,
    ...{ user, apiKey },
    onTrouble: (problem) => logger.warn({ problem }, 'marketplace key'),
    onUnreadable: countUnreadable(metrics)('marketplace.key'),
  })
  metrics.reading('marketplace_key_spent_until_timestamp_seconds', 'Until when no request may go out, unix time; 0: now.', () =>
    Math.round((spent.holding()?.until ?? 0) / 1_000),
  )
  return spent
}

type Following = SpentRecordOptions & Readonly<{ topic: string; stopping: AbortSignal }>

/** Begins anew where reading ends, from the beginning: the topic holds a handful of records. */
function follow(
  { log, codec, clock, topic, stopping, onTrouble, onUnreadable }: Following,
  shares: Pick<ReturnType<typeof createHeldShares>, 'take' | 'forget'>,
) {
  const caughtUp = Promise.withResolvers<void>()
  const take = async (records: readonly LogRecord[]): Promise<void> => {
    for (const { key, value } of records) {
      if (value === null && key !== null) shares.forget(key)
      const record = await decodeKnown(codec, 'KeySpent', value, onUnreadable)
      if (record !== null) shares.take(record)
    }
  }
  let follower: Follower | null = null
  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.aborted; ) {
      try {
        follower = await log.follow([topic], take)
        if (stopping.aborted) break
        void follower.caughtUp.then(() => caughtUp.resolve()).catch(() => {})
        await follower.finished
      } catch (error) {
        if (stopping.aborted) break
        if (failures === 0) onTrouble(`what others know of the key cannot be read, trying again: ${(error as Error).message}`)
        caughtUp.resolve()
        await follower?.stop().catch(() => {})
        await clock.sleep(backoffMillis(++failures, clock), stopping).catch(() => {})
      }
    }
  }
  const running = run()
  return {
    caughtUp: caughtUp.promise,
    async stop() {
      await follower?.stop().catch(() => {})
      await running
    },
  }
}
