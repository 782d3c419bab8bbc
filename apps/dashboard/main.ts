import { type AppContext, defineApp } from '#lib/app/app.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { CalibrationScore } from '#lib/live/calibration.ts'
import { type LiveSources, openLiveSources } from '#lib/live/live-sources.ts'
import { createMarketplace, type Marketplace } from '#lib/marketplace/client.ts'
import { budgetOf } from '#lib/marketplace/key-settings.ts'
import { openSpentRecordOf } from '#lib/marketplace/spent-record.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import { isLoopback } from './access.ts'
import { levelsOf } from './api.ts'
import { settings } from './config.ts'
import { createEventStream, type EventStream } from './event-stream.ts'
import { createPositions } from './positions-answer.ts'
import { createPrices } from './price-answer.ts'
import { createPricer } from './pricer.ts'
import { startServer } from './server.ts'
import { createAnswerWhy } from './why-answer.ts'

type Context = AppContext<typeof settings>

/** How much a page is shown when it comes. */
const shown = { listings: 60, alerts: 24 }
const changesMillis = 250
const statusMillis = 2_000
const beatMillis = 10_000
const maxWaitingBytes = 512 * 1024
const maxMissedBeats = 6
const maxBodyBytes = 1024 * 1024
const loadedModels = 3

export const app = defineApp({
  name: 'dashboard',
  summary: 'a live web page of all that happens, and a REST API that prices any axie',
  settings,
  async start(context: Context) {
    const { config, health, logger, store } = context
    refuseOpenDoor(config)
    health.expect('page')
    const { backend } = await startTensorRuntime(config.TF_BACKEND)
    const sources = await openLiveSources(context)
    const { market, view, book, modelBook, rules, status } = sources
    const events = openEvents(context, sources)
    const models = createModelCache({ store, capacity: loadedModels, onRefused: ({ code, message }) => logger.error({ code }, message) })
    const pricer = createPricer({ state: market.state, source: market.source, models, backend, codeVersion: config.CODE_VERSION })
    const marketplace = await openMarketplace(context)
    const prices = createPrices({ pricer, market, marketplace })
    await context.codec.prepare(['Position'])
    const producer = context.log.producer()
    const server = await startServer({
      host: config.DASHBOARD_HOST,
      port: config.DASHBOARD_PORT,
      token: config.API_TOKEN,
      hosts: config.DASHBOARD_HOSTS,
      trustedProxies: config.TRUSTED_PROXIES,
      requestsPerMinute: config.API_REQUESTS_PER_MINUTE,
      pictureOrigin: config.PICTURE_ORIGIN,
      version: config.CODE_VERSION,
      logger,
      view,
      market,
      book,
      modelBook,
      prices,
      why: createAnswerWhy({ ...context, view }),
      positions: createPositions({ ...context, producer, view, prices, now: () => marketNow(context, sources) }),
      rules,
      status,
      events,
    })
    health.set('page', true, server.url)
    logger.info({ url: server.url }, 'the dashboard is served')
    const stopping = new AbortController()
    const telling = tellReaders(context, sources, events, stopping.signal)
    const finished = Promise.race([sources.finished, telling])
    finished.catch(() => {})
    return {
      finished,
      async stop() {
        stopping.abort()
        await telling
        await server.close()
        await producer.close()
        await sources.close()
        await marketplace?.close()
      },
    }
  },
})

/** Before its first event, the market has no clock. */
const marketNow = ({ clock }: Context, { market }: LiveSources): number =>
  Number.isFinite(market.state.clock) ? market.state.clock : clock.now()

/** Whoever reaches the port reads everything: that must have been meant. */
function refuseOpenDoor({ DASHBOARD_HOST: host, API_TOKEN: token, API_WITHOUT_TOKEN: without }: Context['config']): void {
  if (token !== null || without === 'allow' || isLoopback(host)) return
  throw new FatalError(
    `DASHBOARD_HOST=${host} is open to others, and API_TOKEN is not set: set a token, serve on 127.0.0.1, or set API_WITHOUT_TOKEN=allow ` +
      'where something in front asks who they are',
  )
}

const openEvents = ({ config }: Context, { view, market, status }: LiveSources): EventStream =>
  createEventStream({
    snapshot: () => ({
      status: status(),
      listings: view.listings(shown.listings),
      alerts: view.alerts(shown.alerts),
      levels: levelsOf(market, status().simulated),
      pictureOrigin: config.PICTURE_ORIGIN,
    }),
    maxClients: config.MAX_READERS,
    maxClientsPerPerson: config.MAX_READERS_PER_ADDRESS,
    maxWaitingBytes,
    maxMissedBeats,
  })

/** What is new goes to every page that is open, in small heaps; how things stand every few seconds. Until `stopping`. */
async function tellReaders(
  context: Context,
  { view, look, status }: LiveSources,
  events: EventStream,
  stopping: AbortSignal,
): Promise<void> {
  const { clock, health, metrics } = context
  const readers = metrics.gauge('readers', 'Pages that are open.')
  const skipped = metrics.counter(
    'readers_skipped_total',
    'News that a page missed because it did not keep up; it is shown the whole later.',
  )
  let skippedBefore = 0
  const tellForecasts = forecastMetrics(context)
  const every = async (millis: number, work: () => void | Promise<void>): Promise<void> => {
    while (!stopping.aborted) {
      await work()
      await clock.sleep(millis, stopping).catch(() => {})
    }
  }
  const tellChanges = () => {
    const { listings, alerts, outcomes } = view.takeChanges()
    if (listings.length > 0) events.send('listings', listings.slice(-shown.listings))
    if (alerts.length > 0) events.send('alerts', alerts.slice(-shown.alerts))
    if (outcomes.length > 0) events.send('outcomes', outcomes)
  }
  const tellStatus = async () => {
    await look()
    const { broker } = status()
    health.set('log', broker.answers, broker.problem ?? 'ok')
    readers(events.clients())
    skipped(events.skipped() - skippedBefore)
    skippedBefore = events.skipped()
    tellForecasts(status().calibration.all)
    events.send('status', status())
  }
  await Promise.all([every(changesMillis, tellChanges), every(statusMillis, tellStatus), every(beatMillis, events.beat)])
}

/** Whether forecasts still hold, of listings that really sold: alert ForecastDrift watches it. */
function forecastMetrics({ metrics }: Context): (score: CalibrationScore) => void {
  const judged = metrics.gauge('forecasts_judged', 'Forecasts of listings that sold since, as far as remembered.')
  const error = metrics.gauge('forecast_median_error_ratio', 'Of the newest 2,000 of them: median of |price - forecast| / price.')
  const coverage = metrics.gauge('forecast_coverage90_ratio', 'Of the same: share of prices within the interval that should hold 90%.')
  return ({ sales, medianError, coverage90 }) => {
    judged(sales)
    if (medianError !== null) error(medianError)
    if (coverage90 !== null) coverage(coverage90)
  }
}

/** Null without a key: then only axies that were seen can be priced by their number. */
async function openMarketplace(context: Context): Promise<Pick<Marketplace, 'axie' | 'close'> | null> {
  const { config, clock } = context
  if (config.AXIE_API_KEY === null) return null
  const spent = await openSpentRecordOf(context, 'dashboard', config.AXIE_API_KEY)
  const marketplace = createMarketplace({
    url: config.MARKETPLACE_URL,
    leaderboardUrl: null,
    apiKey: config.AXIE_API_KEY,
    requestsPerSecond: config.REQUESTS_PER_SECOND,
    budget: budgetOf('dashboard', clock, config, spent),
    concurrentRequests: 2,
    timeoutMillis: 5_000,
    attempts: 2,
    maxBodyBytes,
    marketTimeHeader: null,
    clock,
  })
  return {
    axie: marketplace.axie,
    async close() {
      await marketplace.close()
      await spent.close()
    },
  }
}
