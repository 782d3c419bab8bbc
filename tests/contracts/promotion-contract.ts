/**
 * What a promotion promises, on the stages as they run: enricher, featurizer and scorer on a given log and store, listings flowing.
 * promotion.test.ts gives it the memory log, promotion.integration.test.ts real servers.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app as enricher } from '#app/enricher/main.ts'
import { app as featurizer } from '#app/featurizer/main.ts'
import { app as scorer } from '#app/scorer/main.ts'
import type { App, AppContext, RunningApp } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { promoteModel, putForward } from '#lib/decisions/promote-model.ts'
import { predecessorOf, readModels } from '#lib/decisions/read-models.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { topicName, topicSettings } from '#lib/market/topics.ts'
import { bundleKey, manifestKey, type SealedBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { smallModel } from '#lib/model/testing/model-samples.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import type { Log } from '#lib/stream/log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'
import { publishModel } from '#lib/training/publish.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { createFeed, feedRecord } from '../market-feed.ts'

export type Servers = Readonly<{
  log: Log
  codec: Codec
  store: ObjectStore
  prefix: string
  /** What apps are told of the servers. */
  environment: Readonly<Record<string, string>>
}>

const start = Date.UTC(2026, 0, 13)
const perPhase = 60
const together = 5

type Scored = Readonly<{ listingId: string; modelId: string; millis: number }>

export function promotionContract(where: string, open: () => Servers | Promise<Servers>): void {
  describe(`a promotion, ${where}`, { timeout: 120_000 }, () => {
    const running: RunningApp[] = []
    const scored: Scored[] = []
    const refused: string[] = []
    /** Keys that the scorer asked the store for. */
    const asked: string[] = []
    const sentAt = new Map<string, number>()
    const health = createHealth({ clock: systemClock })
    const feed = createFeed({ start, historyHours: 6, listings: perPhase * 6, everyMillis: 1_000, askShare: 0.8 })
    let sent = 0
    let servers: Servers
    let [first, second]: SealedBundle[] = []

    const promote = (modelId: string) => promoteModel({ ...servers, featureSets: [axieFeatures.hash] }, modelId, 'test')
    const publish = (bundle: SealedBundle) => publishModel(servers, bundle)

    async function startApp(app: App): Promise<void> {
      const { environment, store, ...parts } = servers
      const config = parseConfig({ ...commonSettings, ...app.settings }, { ...environment, TF_BACKEND: 'wasm', PREFIX: servers.prefix })
      const get: ObjectStore['get'] = (key) => {
        asked.push(key)
        return store.get(key)
      }
      const [logger, metrics] = [createLogger(app.name, 'silent'), createMetrics(app.name)]
      running.push(
        await app.start({ ...parts, store: { ...store, get }, clock: systemClock, config, logger, metrics, health } as AppContext),
      )
    }

    async function send(events: readonly MarketEvent[]): Promise<void> {
      const producer = servers.log.producer()
      for (let from = 0; from < events.length; from += together) {
        const now = events.slice(from, from + together)
        for (const { eventId } of now) sentAt.set(eventId, performance.now())
        await producer.send(now.map((event) => feedRecord(servers.codec, servers.prefix, event)))
      }
      await producer.close()
    }

    /** The next listings of the feed, in the order of the log. Returns their ids. */
    async function sendListings(): Promise<string[]> {
      const events = feed.listings.slice(sent, sent + perPhase)
      sent += perPhase
      await send(events)
      return events.map(({ eventId }) => eventId.replace('listing:', ''))
    }

    async function until(what: string, holds: () => boolean): Promise<void> {
      const deadline = systemClock.monotonic() + 60_000
      while (!holds()) {
        if (systemClock.monotonic() > deadline) throw new Error(`expected ${what}; scored ${scored.length}, refused ${refused.join(', ')}`)
        await systemClock.sleep(10)
      }
    }

    const modelOf = (listingId: string): string[] => scored.filter((one) => one.listingId === listingId).map(({ modelId }) => modelId)
    const modelsOf = (listingIds: readonly string[]): Set<string> => new Set(listingIds.map((id) => modelOf(id).join('+')))

    beforeAll(async () => {
      servers = await open()
      const { log, codec, prefix } = servers
      await startTensorRuntime('wasm')
      await log.admin().createTopics(topicSettings(prefix, { partitions: 3 }))
      await codec.prepare(['MarketEvent'])
      await log.follow([topicName(prefix, 'listings.scored'), topicName(prefix, 'dead-letters')], async (records) => {
        for (const { topic, value, headers } of records) {
          if (topic === topicName(prefix, 'dead-letters')) {
            refused.push(headers[deadLetterHeaders.code] as string)
            continue
          }
          const { listing, modelId } = await codec.decode('ScoredListing', value as Buffer)
          scored.push({ listingId: listing.listingId, modelId, millis: performance.now() - (sentAt.get(listing.eventId) ?? 0) })
        }
      })
      ;[first, second] = [await smallModel(1), await smallModel(2)]
      await publish(first)
      for (const app of [enricher, featurizer, scorer]) await startApp(app as unknown as App)
      await send(feed.history)
      await promote(first.modelId)
    })

    afterAll(async () => {
      for (const app of running.reverse()) await app.stop()
      await servers.log.close()
    })

    test('loses no listing, prices none twice, and takes effect from its place in the order on', async () => {
      await publish(second!)
      const holds = (condition: string): boolean => health.report().conditions[condition]?.detail === second!.modelId
      await until('scorer and enricher to hold the second model', () => holds('model') && holds('item model'))
      const before = await sendListings()
      await promote(second!.modelId)
      const loadsBefore = asked.length
      const after = await sendListings()
      await until('every listing to be priced', () => scored.length + refused.length >= 2 * perPhase)
      expect(refused).toEqual([])
      expect(scored.length).toBe(2 * perPhase)
      expect(modelsOf(before)).toEqual(new Set([first!.modelId]))
      expect(modelsOf(after)).toEqual(new Set([second!.modelId]))
      // Latency is unharmed because there is nothing to wait for: the model was in memory when it was announced.
      expect(asked.slice(loadsBefore)).toEqual([])
      console.info(
        `${where}: ms from sending to scored, before ${spread(scored, before)}; just after the promotion ${spread(scored, after)}`,
      )
    })

    test('a bundle that is missing, damaged, or of other features is refused, and the model in force stays', async () => {
      const { store } = servers
      const [missing, damaged, other] = [await smallModel(3), await smallModel(4), await smallModel(5, otherFeatures)]
      for (const bundle of [missing, damaged, other]) await publish(bundle)
      await store.remove(manifestKey(missing.modelId))
      const weights = bundleKey(damaged.modelId, damaged.manifest.files[0]!.name)
      await store.remove(weights)
      await store.putIfAbsent(weights, Buffer.from('not what it was'))
      await expect(promote('dense-0000000000000000')).rejects.toMatchObject({ code: 'model_unknown' })
      await expect(promote(missing.modelId)).rejects.toMatchObject({ code: 'model_missing' })
      await expect(promote(damaged.modelId)).rejects.toMatchObject({ code: 'model_corrupt' })
      await expect(promote(other.modelId)).rejects.toMatchObject({ code: 'feature_set_mismatch' })
      const after = await sendListings()
      await until('every listing to be priced', () => scored.length + refused.length >= 3 * perPhase)
      expect(refused).toEqual([])
      expect(modelsOf(after)).toEqual(new Set([second!.modelId]))
    })

    test('a challenger is named in the order of events, refused as a promotion is, and prices nothing', async () => {
      const context = { ...servers, featureSets: [axieFeatures.hash] }
      await expect(putForward(context, 'dense-0000000000000000', 'test')).rejects.toMatchObject({ code: 'model_unknown' })
      await putForward(context, first!.modelId, 'test')
      const after = await sendListings()
      await until('every listing to be priced', () => scored.length + refused.length >= 4 * perPhase)
      expect(refused).toEqual([])
      expect(modelsOf(after)).toEqual(new Set([second!.modelId]))
    })

    test('a rollback goes back to the model before; another one comes forth again', async () => {
      const before = predecessorOf(await readModels(servers))
      expect(before).toBe(first!.modelId)
      await promote(before as string)
      const back = await sendListings()
      expect(predecessorOf(await readModels(servers))).toBe(second!.modelId)
      await promote(second!.modelId)
      const forth = await sendListings()
      await until('every listing to be priced', () => scored.length + refused.length >= 6 * perPhase)
      expect(modelsOf(back)).toEqual(new Set([first!.modelId]))
      expect(modelsOf(forth)).toEqual(new Set([second!.modelId]))
      expect(scored.length).toBe(new Set(scored.map(({ listingId }) => listingId)).size)
    })
  })
}

const otherFeatures = { featureSet: { name: 'axie-v0', hash: 'f'.repeat(64) } }

function spread(scored: readonly Scored[], listingIds: readonly string[]): string {
  const millis = scored.filter(({ listingId }) => listingIds.includes(listingId)).map((one) => one.millis)
  const sorted = millis.sort((a, b) => a - b)
  return `p50 ${sorted[sorted.length >> 1]?.toFixed(0)}, most ${sorted.at(-1)?.toFixed(0)}`
}
