import { type AppContext, defineApp, type RunningApp } from '#lib/app/app.ts'
import { hasStore } from '#lib/app/common-settings.ts'
import { minuteMillis } from '#lib/clock/durations.ts'
import { countUnreadable, decodeKnown } from '#lib/codec/decode-known.ts'
import { marketKey } from '#lib/market/event.ts'
import { topicName } from '#lib/market/topics.ts'
import { createMarketplace, type Marketplace, maxPageSize } from '#lib/marketplace/client.ts'
import { budgetOf } from '#lib/marketplace/key-settings.ts'
import { openSpentRecordOf } from '#lib/marketplace/spent-record.ts'
import { createTransactionalWriter } from '#lib/stream/runtime/transactional-writer.ts'
import { collect } from './collector.ts'
import { type CollectorMetrics, createCollectorMetrics } from './collector-metrics.ts'
import { openCommitter } from './committer.ts'
import { collectorSettings } from './config.ts'
import type { Collecting } from './decision.ts'
import { untilRead } from './until-read.ts'

/** An honest page of a hundred is 70 kB, an honest leaderboard 0.2 MB. */
const maxBodyBytes = 4 * 1024 * 1024
/** Attempts at one request, within the time after which a silent loop counts as hanging. */
const attempts = 3
/** Listings of the last hours: those that show late are told from those that were met. */
const remembered = 1_000
const trackedAsks = 100
const maxEventsPerTransaction = 1_000
const maxBackOffMillis = 10_000

export const app = defineApp({
  name: 'collector',
  summary: 'reads the marketplace, writes what happens on it to market.events, each thing once',
  settings: collectorSettings,
  usesStore: 'where given',
  async start(context) {
    const { config, clock, logger, metrics } = context
    const collectorMetrics = createCollectorMetrics(metrics, logger, clock)
    let marketTime: number | null = null
    const spent = await openSpentRecordOf(context, 'collector', config.AXIE_API_KEY)
    const budget = budgetOf('collector', clock, config, spent)
    const marketplace = createMarketplace({
      url: config.MARKETPLACE_URL,
      leaderboardUrl: config.LEADERBOARD_URL,
      apiKey: config.AXIE_API_KEY,
      requestsPerSecond: config.REQUESTS_PER_SECOND,
      budget,
      concurrentRequests: config.CONCURRENT_REQUESTS,
      timeoutMillis: config.REQUEST_TIMEOUT_MILLISECONDS,
      marketTimeHeader: config.MARKET_TIME_HEADER,
      attempts,
      maxBodyBytes,
      clock,
      onFieldLeftOut(field) {
        collectorMetrics.fieldLeftOut(field)
        logger.error({ field }, 'the marketplace no longer knows a field that we ask for: it is left out, and unknown from now on')
      },
      observe(result, millis, answer) {
        collectorMetrics.request(result, millis)
        if (answer === null) return
        marketTime = Math.max(marketTime ?? answer.marketTime, answer.marketTime)
        collectorMetrics.answered(answer)
        collectorMetrics.budget(budget.left())
      },
    })
    const running = await startCollector(context, { marketplace, marketTime: () => marketTime, collectorMetrics })
    return {
      finished: running.finished,
      async stop() {
        await running.stop()
        await spent.close()
      },
    }
  },
})

export type CollectorPorts = Readonly<{
  marketplace: Marketplace
  /** The market's clock at the newest answer; null before the first. */
  marketTime(): number | null
  collectorMetrics: CollectorMetrics
}>

/** All of the collector but the client it asks with. */
export async function startCollector(
  { config, prefix, clock, logger, metrics, health, log, codec, store, traces }: AppContext<typeof collectorSettings>,
  { marketplace, marketTime, collectorMetrics }: CollectorPorts,
): Promise<RunningApp> {
  await codec.prepare(['MarketEvent', 'CollectorState'])
  const unreadable = countUnreadable(metrics)('collector.state')
  const writer = createTransactionalWriter({
    log,
    clock,
    logger,
    transactionalId: `${prefix}collector-${marketKey}`,
    state: { topic: topicName(prefix, 'collector.state'), key: marketKey },
    isState: async (value) => (await decodeKnown(codec, 'CollectorState', value, unreadable)) !== null,
  })
  const stopping = new AbortController()
  const committer = await openCommitter({
    writer,
    codec,
    prefix,
    ...(traces && { traces }),
    onCommitted(decision) {
      health.set('log', true)
      for (const { event, collectedAt } of decision.events)
        if (traces !== undefined && collectedAt !== null) {
          const parent = traces.begin(event.eventId) ?? undefined
          traces.span({ name: 'collector', parent, isRoot: true, startMillis: collectedAt, endMillis: clock.now() })
        }
      collectorMetrics.committed(decision)
    },
    onRetry(error) {
      health.set('log', false, error.message)
      logger.warn({ problem: error.message }, 'the log is unwell; trying again')
    },
    backOff: (attempt) => clock.sleep(Math.min(maxBackOffMillis, 100 * 2 ** attempt) * (0.5 + clock.random()), stopping.signal),
  })
  const collecting: Collecting = {
    source: config.MARKET_SOURCE,
    memory: { capacity: remembered, firstLookMillis: config.FIRST_LOOK_MINUTES * minuteMillis },
    maxEvents: maxEventsPerTransaction,
    tracks: trackedAsks,
  }
  const finished = collect({
    marketplace,
    committer,
    collecting,
    paging: { size: maxPageSize, overlap: 10, maxPages: 500 },
    historyDays: config.HISTORY_DAYS,
    async archived(from, before) {
      if (!hasStore(config)) return []
      // What reads an archive is of no use once history is written.
      const { salesOfOwnArchive } = await import('#lib/training/sales/own-archive.ts')
      return salesOfOwnArchive({ store, prefix })(from, before)
    },
    async beforeLive() {
      const group = config.LIVE_AFTER_GROUP
      if (group === null) return
      const reader = { group: `${prefix}${group}`, topic: topicName(prefix, 'market.events') }
      await untilRead({ log, clock, logger, stopping: stopping.signal, ...reader })
    },
    every: {
      listings: config.POLL_MILLISECONDS,
      sales: config.SALES_POLL_MILLISECONDS,
      sweep: config.SWEEP_MILLISECONDS,
      askCheck: config.ASK_CHECK_MILLISECONDS,
    },
    clock,
    logger,
    health,
    metrics: collectorMetrics,
    marketTime,
    stopping: stopping.signal,
  }).finally(() => stopping.abort())
  finished.catch(() => {})
  return {
    finished,
    async stop() {
      stopping.abort()
      await marketplace.close()
      await finished.catch(() => {})
      await writer.close()
    },
  }
}
