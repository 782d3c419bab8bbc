import { createModelCache } from '#app/scorer/model-cache.ts'
import { type AppContext, defineApp } from '#lib/app/app.ts'
import { topicName } from '#lib/market/topics.ts'
import { createMarketplace } from '#lib/marketplace/client.ts'
import { startTensorRuntime } from '#lib/model/tfjs-runtime.ts'
import { levelsOf } from './api.ts'
import { createCalibration } from './calibration.ts'
import { settings } from './config.ts'
import { createEventStream } from './event-stream.ts'
import { enricherCheckpoint, startFeed } from './feed.ts'
import { createLiveView } from './live-view.ts'
import { createMarketReader } from './market-reader.ts'
import { createPipelineWatch } from './pipeline-watch.ts'
import { createPrices } from './price-answer.ts'
import { createPricer } from './pricer.ts'
import { startServer } from './server.ts'
import { createStatus } from './status.ts'

/** How much is kept of each thing, and shown at first. */
const kept = { listings: 500, alerts: 200, items: 20_000, forecasts: 20_000, hours: 24 * 21 }
const shown = { listings: 60, alerts: 24 }
const changesMillis = 250
const statusMillis = 2_000
const beatMillis = 10_000
const brokerTimeoutMillis = 4_000
const maxWaitingBytes = 512 * 1024
const maxMissedBeats = 6
const maxBodyBytes = 1024 * 1024

export const app = defineApp({
  name: 'dashboard',
  summary: 'a live web page of all that happens, and a REST API that prices any axie',
  settings,
  async start(context: AppContext<typeof settings>) {
    const { config, prefix, clock, logger, health, metrics, log, codec, store } = context
    health.expect('page')
    const { backend } = await startTensorRuntime(config.TF_BACKEND)
    const admin = log.admin()
    const marketFrom = await enricherCheckpoint(admin, prefix)
    const calibration = createCalibration({ remembered: kept.forecasts })
    const view = createLiveView({ ...kept, calibration })
    const market = createMarketReader({
      codec,
      from: marketFrom,
      rememberedItems: kept.items,
      rememberedHours: kept.hours,
      onSale: calibration.takeSale,
    })
    const models = createModelCache({ store, capacity: 3, onRefused: ({ code, message }) => logger.error({ code }, message) })
    const marketplace = openMarketplace(context)
    const feed = await startFeed({ log, codec, prefix, clock, view, market, marketFrom })
    const partitions = new Map(
      await Promise.all(
        (await admin.listTopics())
          .filter((topic) => topic.startsWith(prefix))
          .map(async (topic) => [topic, await admin.partitionCount(topic)] as const),
      ),
    )
    const watch = createPipelineWatch({
      admin,
      prefix,
      clock,
      timelines: feed.timelines,
      partitions: (topic) => partitions.get(topicName(prefix, topic)) ?? 0,
      timeoutMillis: brokerTimeoutMillis,
    })
    const status = createStatus({ clock, view, market, feed, watch, calibration })
    const events = createEventStream({
      snapshot: () => ({
        status: status(),
        listings: view.listings(shown.listings),
        alerts: view.alerts(shown.alerts),
        levels: levelsOf(market, status().simulated),
        pictureOrigin: config.PICTURE_ORIGIN,
      }),
      maxClients: config.MAX_READERS,
      maxWaitingBytes,
      maxMissedBeats,
    })
    const pricer = createPricer({ state: market.state, source: market.source, models, backend, codeVersion: config.CODE_VERSION })
    const server = await startServer({
      host: config.DASHBOARD_HOST,
      port: config.DASHBOARD_PORT,
      token: config.API_TOKEN,
      requestsPerMinute: config.API_REQUESTS_PER_MINUTE,
      pictureOrigin: config.PICTURE_ORIGIN,
      version: config.CODE_VERSION,
      logger,
      view,
      market,
      prices: createPrices({ pricer, market, marketplace }),
      status,
      events,
    })
    health.set('page', true, server.url)
    logger.info({ url: server.url }, 'the dashboard is served')

    const readers = metrics.gauge('readers', 'Pages that are open.')
    const stopping = new AbortController()
    const every = async (millis: number, work: () => void | Promise<void>): Promise<void> => {
      while (!stopping.signal.aborted) {
        await work()
        await clock.sleep(millis, stopping.signal).catch(() => {})
      }
    }
    const loops = Promise.all([
      every(changesMillis, () => {
        const { listings, alerts, outcomes } = view.takeChanges()
        if (listings.length > 0) events.send('listings', listings.slice(-shown.listings))
        if (alerts.length > 0) events.send('alerts', alerts.slice(-shown.alerts))
        if (outcomes.length > 0) events.send('outcomes', outcomes)
      }),
      every(statusMillis, async () => {
        await watch.look()
        health.set('log', watch.broker().answers, watch.broker().problem ?? 'ok')
        readers(events.clients())
        events.send('status', status())
      }),
      every(beatMillis, events.beat),
    ])
    const finished = Promise.race([feed.finished, loops.then(() => {})])
    finished.catch(() => {})
    return {
      finished,
      async stop() {
        stopping.abort()
        await loops
        await server.close()
        await feed.stop()
        await marketplace?.close()
        await admin.close()
      },
    }
  },
})

/** Null without a key: then only axies that were seen can be priced by their number. */
function openMarketplace({ config, clock }: AppContext<typeof settings>) {
  if (config.AXIE_API_KEY === null) return null
  return createMarketplace({
    url: config.MARKETPLACE_URL,
    leaderboardUrl: null,
    apiKey: config.AXIE_API_KEY,
    requestsPerSecond: config.REQUESTS_PER_SECOND,
    concurrentRequests: 2,
    timeoutMillis: 5_000,
    attempts: 2,
    maxBodyBytes,
    marketTimeHeader: null,
    clock,
  })
}
