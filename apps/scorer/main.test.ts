import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app as featurizer } from '#app/featurizer/main.ts'
import type { App, AppContext, RunningApp } from '#lib/app/app.ts'
import { commonSettings } from '#lib/app/common-settings.ts'
import { parseConfig } from '#lib/app/config.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { measureDefinitions, measureSet } from '#lib/market/measures/measures.ts'
import { topicSettings } from '#lib/market/topics.ts'
import type { SealedBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import { smallBundle } from '#lib/stages/testing/small-bundle-sample.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { createHealth } from '#lib/telemetry/health.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'
import { publishModel } from '#lib/training/publish.ts'
import type { EnrichedListing, ScoredListing } from '#schemas/types.ts'

// Featurizer and scorer as they run, on the memory log: enriched listings in, scored listings and dead letters out.

const prefix = 'run.'
const log = createMemoryLog({ clock: systemClock })
const store = createMemoryStore()
const codec = createCodec({ registry: createMemoryRegistry() })
const health = createHealth({ clock: systemClock })
const running: RunningApp[] = []
let bundle: SealedBundle

async function start(app: App): Promise<void> {
  const env = {
    KAFKA_BROKERS: 'memory',
    SCHEMA_REGISTRY_URL: 'http://memory',
    S3_ENDPOINT: 'http://memory',
    S3_ACCESS_KEY: 'none',
    S3_SECRET_KEY: 'none',
    TF_BACKEND: 'wasm',
    CODE_VERSION: 'test',
    PREFIX: prefix,
  }
  const config = parseConfig({ ...commonSettings, ...app.settings }, env)
  const [logger, metrics] = [createLogger(app.name, 'silent'), createMetrics(app.name)]
  const context = { config, prefix, clock: systemClock, logger, metrics, health, log, codec, store }
  running.push(await app.start(context as AppContext))
}

beforeAll(async () => {
  await startTensorRuntime('wasm')
  await log.admin().createTopics(topicSettings(prefix, { partitions: 3 }))
  bundle = await smallBundle('recorded')
  await publishModel({ log, codec, store, prefix }, bundle)
  await start(featurizer as App)
  await start((await import('./main.ts')).app as unknown as App)
})

afterAll(async () => {
  for (const app of running.reverse()) await app.stop()
  await log.close()
})

function listing(tokenId: number, modelId: string | null): EnrichedListing {
  const { listing } = sampleScored
  const measures = measureDefinitions.map((_, place) => Math.sin(place + tokenId))
  return {
    ...listing,
    listingId: `axie:${tokenId}:1`,
    item: { ...listing.item, tokenId: String(tokenId) },
    context: { ...listing.context, measureSet, measures },
    modelId,
  }
}

/** Sends them one by one and waits until each has come out at the other end, scored or refused. */
async function through(listings: readonly EnrichedListing[]): Promise<{ scored: ScoredListing[]; refused: string[] }> {
  await codec.prepare(['EnrichedListing'])
  const scored: ScoredListing[] = []
  const refused: string[] = []
  let arrived = () => {}
  const all = new Promise<void>((resolve) => {
    arrived = () => {
      if (scored.length + refused.length === listings.length) resolve()
    }
  })
  await log.follow([`${prefix}listings.scored`, `${prefix}dead-letters`], async (records) => {
    for (const { topic, value, headers } of records) {
      if (topic.endsWith('dead-letters')) refused.push(headers[deadLetterHeaders.code] as string)
      else scored.push(await codec.decode('ScoredListing', value as Buffer))
    }
    arrived()
  })
  for (const value of listings) {
    const record = { topic: `${prefix}listings.enriched`, key: `axie:${value.item.tokenId}`, value: codec.encode('EnrichedListing', value) }
    await log.producer().send([record])
  }
  await all
  return { scored, refused }
}

describe('featurizer and scorer together', () => {
  test('each listing comes out once: scored by the model it names, or refused with the reason', async () => {
    const listings = Array.from({ length: 20 }, (_, index) => listing(index + 1, index === 7 ? null : bundle.modelId))
    const { scored, refused } = await through([...listings, listing(99, 'dense-0000000000000000')])
    expect(new Set(scored.map(({ listing }) => listing.listingId)).size).toBe(19)
    for (const { modelId, backend, codeVersion, quantilesUsd } of scored) {
      expect({ modelId, backend, codeVersion }).toEqual({ modelId: bundle.modelId, backend: 'wasm', codeVersion: 'test' })
      expect(quantilesUsd.q05).toBeLessThanOrEqual(quantilesUsd.q95)
    }
    expect(refused.sort()).toEqual(['model_missing', 'no_model'])
  })

  test('the announced model was loaded before any listing named it, and readiness says which', () => {
    expect(health.report().conditions['model']).toEqual({ ready: true, detail: bundle.modelId })
  })
})
