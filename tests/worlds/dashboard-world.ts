/** The dashboard as it runs, on a log in memory, with whatever a test puts on its topics: for tests of server, API and page. */

import { app as dashboard } from '#app/dashboard/main.ts'
import type { App, AppContext, RunningApp } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { promote } from '#lib/decisions/promote.ts'
import { marketKey } from '#lib/market/event.ts'
import { type TopicName, topicName, topicSettings, topics } from '#lib/market/topics.ts'
import type { SealedBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import { smallBundle } from '#lib/stages/testing/small-bundle-sample.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { collectedAtHeader } from '#lib/stream/runtime/runner-metrics.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'
import { publishModel } from '#lib/training/publish.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, RecordName, RecordTypes } from '#schemas/types.ts'

const prefix = 'run.'

export type DashboardWorld = Awaited<ReturnType<typeof openDashboardWorld>>

export async function openDashboardWorld(settings: Readonly<Record<string, string>> = {}) {
  const log = createMemoryLog({ clock: systemClock })
  const store = createMemoryStore()
  const codec = createCodec({ registry: createMemoryRegistry() })
  const running: RunningApp[] = []
  await log.admin().createTopics(topicSettings(prefix, { partitions: 2 }))
  await codec.prepare(['MarketEvent', 'ScoredListing', 'Alert', 'Outcome', 'PaperTrade', 'ModelAnnounced'])
  const producer = log.producer()

  const start = async (app: App, own: Readonly<Record<string, string>> = {}) => {
    const config = parseConfig({ ...commonSettings, ...app.settings }, { ...noServers, ...own, PREFIX: prefix })
    const health = createHealth({ clock: systemClock })
    const context = { config, prefix, clock: systemClock, health, log, codec, store }
    const started = await app.start({
      ...context,
      logger: createLogger(app.name, 'silent'),
      metrics: createMetrics(app.name),
    } as AppContext)
    running.push(started)
    return health
  }
  const send = async <Name extends TopicName>(
    topic: Name,
    key: string,
    value: (typeof topics)[Name]['schema'] extends RecordName ? RecordTypes[(typeof topics)[Name]['schema']] : never,
  ) => {
    const bytes = codec.encode(topics[topic].schema as RecordName, value as never)
    const headers = { [collectedAtHeader]: String(systemClock.now()) }
    await producer.send([{ topic: topicName(prefix, topic), key, value: bytes, headers }])
  }
  const health = await start(dashboard as unknown as App, { DASHBOARD_PORT: '0', TF_BACKEND: 'wasm', CODE_VERSION: 'test', ...settings })

  return {
    log,
    codec,
    url: health.report().conditions.page?.detail as string,
    start,
    send,
    market: (event: MarketEvent) => send('market.events', marketKey, event),
    publish: (bundle: SealedBundle) => publishModel({ log, codec, store, prefix }, bundle),
    /** A model in force, and enough sales behind it to price with. */
    async openMarket(): Promise<SealedBundle> {
      await startTensorRuntime('wasm')
      const bundle = await smallBundle('synthetic')
      await publishModel({ log, codec, store, prefix }, bundle)
      const sales = someSales(400, 1)
      const at = (sales[0] as MarketEvent).observedAt
      const { modelId, manifest } = bundle
      const promotion = { modelId, featureSetHash: manifest.featureSet.hash, rules: defaultRules, reason: 'test' }
      await promote({ log, codec, store, prefix }, { ...promotion, at, source: 'synthetic' })
      for (const sale of sales) await send('market.events', marketKey, sale)
      await log.idle()
      return bundle
    },
    get: (path: string, init?: RequestInit) => fetch(`${health.report().conditions.page?.detail}${path}`, init),
    async close() {
      for (const app of running.reverse()) await app.stop()
      await log.close()
    },
  }
}

const noServers = {
  KAFKA_BROKERS: 'memory',
  SCHEMA_REGISTRY_URL: 'http://memory',
  S3_ENDPOINT: 'http://memory',
  S3_ACCESS_KEY: 'none',
  S3_SECRET_KEY: 'none',
}
