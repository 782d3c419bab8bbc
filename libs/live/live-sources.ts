import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { topicName } from '#lib/market/topics.ts'
import { createSpentBook } from '#lib/marketplace/spent-book.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import type { Log, LogAdmin } from '#lib/stream/log.ts'
import { createCalibration } from './calibration.ts'
import { enricherCheckpoint, startFeed } from './feed.ts'
import { createLiveView, type LiveView } from './live-view.ts'
import { createMarketReader, type MarketReader } from './market-reader.ts'
import { createModelBook, type ModelBook } from './model-book.ts'
import { createOutcomeTally } from './outcome-tally.ts'
import { createPipelineWatch } from './pipeline-watch.ts'
import { createRulesInForce, type RulesInForce } from './rules-in-force.ts'
import { createStatus, type Status } from './status.ts'
import { createTradeBook, type TradeBook } from './trade-book.ts'

/** How much is kept of each thing. */
const kept = { listings: 2_000, alerts: 200, items: 20_000, forecasts: 20_000, outcomes: 20_000, hours: 24 * 21 }
const brokerTimeoutMillis = 4_000

/** Everything that page, API and terminal show, kept up to date from the log by one reader. */
export type LiveSources = Readonly<{
  view: LiveView
  market: MarketReader
  book: TradeBook
  modelBook: ModelBook
  rules: RulesInForce
  status(): Status
  /** Asks the log how far the stages are. Never rejects. */
  look(): Promise<void>
  /** What was there at the start has been read. */
  caughtUp: Promise<void>
  /** Rejects when reading ends for good. */
  finished: Promise<void>
  close(): Promise<void>
}>

export type LiveSourcesOptions = Readonly<{ log: Log; codec: Codec; store: ObjectStore; prefix: string; clock: Clock }>

export async function openLiveSources({ log, codec, store, prefix, clock }: LiveSourcesOptions): Promise<LiveSources> {
  const admin = log.admin()
  const marketFrom = await enricherCheckpoint(admin, prefix)
  const partitions = await partitionCounts(admin, prefix)
  const calibration = createCalibration({ remembered: kept.forecasts })
  const tally = createOutcomeTally(kept.outcomes)
  const view = createLiveView({ ...kept, calibration, tally })
  const modelBook = createModelBook()
  const spentBook = createSpentBook(clock)
  const market = createMarketReader({
    codec,
    itemModels: createItemModelCache({ store }),
    from: marketFrom,
    rememberedItems: kept.items,
    rememberedHours: kept.hours,
    onSale: calibration.takeSale,
    onEvent: modelBook.take,
  })
  const book = createTradeBook({ capacity: kept.outcomes, classOf: (axieId) => market.known(axieId)?.item.class.toLowerCase() ?? null })
  const rules = createRulesInForce({ rules: createRulesStore(store), hashNow: () => market.state.rulesHash })
  const feed = await startFeed({ log, codec, prefix, clock, view, market, book, modelBook, spentBook, marketFrom })
  const watch = createPipelineWatch({
    admin,
    prefix,
    clock,
    timelines: feed.timelines,
    partitions: (topic) => partitions.get(topicName(prefix, topic)) ?? 0,
    timeoutMillis: brokerTimeoutMillis,
  })
  return {
    view,
    market,
    book,
    modelBook,
    rules,
    status: createStatus({ clock, view, market, feed, watch, rules, calibration, tally, spentBook }),
    look: async () => void (await Promise.all([watch.look(), rules.look()])),
    caughtUp: feed.caughtUp,
    finished: feed.finished,
    async close() {
      await feed.stop()
      await admin.close()
    },
  }
}

/** Partition counts of the run's topics. They never change while it lives. */
async function partitionCounts(admin: LogAdmin, prefix: string): Promise<ReadonlyMap<string, number>> {
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  return new Map(await Promise.all(topics.map(async (topic) => [topic, await admin.partitionCount(topic)] as const)))
}
