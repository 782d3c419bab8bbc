/**
 * Scorers beside planted bundles: one in shadow, one that people put in force and the learner rolls back, one that refuses to load. What they
 * price is compared, to the byte, with what the same market is priced at where no learner runs.
 */
import { afterEach, expect, test } from 'vitest'
import { app as enricher } from '#app/enricher/main.ts'
import { app as featurizer } from '#app/featurizer/main.ts'
import { app as learner } from '#app/learner/main.ts'
import { app as scorer } from '#app/scorer/main.ts'
import type { App, RunningApp } from '#lib/app/app.ts'
import { createEmbeddedContext, embeddedPrefix as prefix } from '#lib/app/testing/embedded-context.ts'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { challengerNamedEvent, marketKey, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { type TopicName, topicName } from '#lib/market/topics.ts'
import { bundleKey, type SealedBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { shiftedModel } from '#lib/model/testing/shifted-model.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { publishModel } from '#lib/training/publish.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent } from '#schemas/types.ts'

const hour = 3_600_000
const env = { PRIORITY: 'normal', TF_BACKEND: 'wasm', CODE_VERSION: 'test', STANDBY: 'off' }
const seen = (observedAt: number) => ({ observedAt, origin: 'live', source: 'synthetic' }) as const

const running: RunningApp[] = []
afterEach(async () => {
  for (const app of running.splice(0).reverse()) await app.stop()
})

/** A log of its own, with these models published and these apps beside each other. */
async function openWorld(apps: readonly App[], models: readonly SealedBundle[], damaged: SealedBundle) {
  const shared = await createEmbeddedContext({})
  const { log, codec, store } = shared
  await codec.prepare(['MarketEvent'])
  for (const bundle of [...models, damaged]) await publishModel({ ...shared, prefix }, bundle)
  for (const { name } of damaged.manifest.files) {
    await store.remove(bundleKey(damaged.modelId, name))
    await store.putIfAbsent(bundleKey(damaged.modelId, name), Buffer.from('not what it was'))
  }
  for (const app of apps) running.push(await app.start(await createEmbeddedContext(app.settings, { env, shared })))
  /** All that a topic holds so far. */
  async function read(topic: TopicName) {
    const records: { value: Buffer; code: string; app: string }[] = []
    const following = await log.follow([topicName(prefix, topic)], (some) => {
      for (const { value, headers } of some)
        records.push({
          value: value as Buffer,
          code: headers[deadLetterHeaders.code] ?? '',
          app: headers[deadLetterHeaders.app] ?? '',
        })
    })
    await following.caughtUp
    await following.stop()
    return records
  }
  return {
    ...{ codec, read, idle: log.idle },
    send: (values: readonly Buffer[]) =>
      log.producer().send(values.map((value) => ({ topic: topicName(prefix, 'market.events'), key: marketKey, value }))),
  }
}

type World = Awaited<ReturnType<typeof openWorld>>

const pricing = [enricher, featurizer, scorer] as unknown as readonly App[]

/** Each listing once: by its id, the bytes of what it was priced at. */
async function prices({ read, codec }: World): Promise<Map<string, string>> {
  const records = await read('listings.scored')
  const entries = await Promise.all(
    records.map(async ({ value }) => [(await codec.decode('ScoredListing', value)).listing.listingId, value.toString('hex')] as const),
  )
  expect(new Set(entries.map(([id]) => id)).size).toBe(entries.length)
  return new Map(entries)
}

test('scorers price on beside planted bundles, to the byte as where no learner runs', { timeout: 240_000 }, async () => {
  await startTensorRuntime('wasm')
  const [good, spoiled, shadowed, damaged] = await Promise.all([
    shiftedModel(0, 1),
    shiftedModel(-0.9, 2),
    shiftedModel(0.5, 3),
    shiftedModel(0.2, 4),
  ])
  const byPeople = ({ modelId, manifest }: SealedBundle, at: number) =>
    modelPromotedEvent({ modelId, featureSetHash: manifest.featureSet.hash, reason: 'people' }, seen(at))
  const named = ({ modelId, manifest }: SealedBundle, at: number) =>
    challengerNamedEvent({ modelId, featureSetHash: manifest.featureSet.hash, trainedUntil: 3, reason: 'test' }, seen(at))
  const sales = [...withListings(someSales(1_700, 5, 240))]
  const until = firstSaleAt + 100 * hour
  const [early, late] = [sales.filter(({ observedAt }) => observedAt < until), sales.filter(({ observedAt }) => observedAt >= until)]
  const decisions = [
    byPeople(good, firstSaleAt - 24 * hour),
    named(shadowed, firstSaleAt + 2 * hour),
    byPeople(damaged, firstSaleAt + 8 * hour),
    byPeople(spoiled, firstSaleAt + 9 * hour),
  ]
  const first = [...early, ...decisions].sort((one, other) => one.observedAt - other.observedAt)

  const beside = await openWorld([...pricing, learner as unknown as App], [good, spoiled, shadowed], damaged)
  const encoded = (events: readonly MarketEvent[]) => events.map((event) => beside.codec.encode('MarketEvent', event))
  // As it happens, a bit at a time: what the learner answers stands behind what it was made of.
  const play = async (events: readonly MarketEvent[]) => {
    for (let from = 0; from < events.length; from += 150) {
      await beside.send(encoded(events.slice(from, from + 150)))
      await beside.idle()
    }
  }
  await play(first)
  const marketOf = async () =>
    Promise.all((await beside.read('market.events')).map(({ value }) => beside.codec.decode('MarketEvent', value)))
  expect((await marketOf()).map((event) => payloadOf(event).kind)).toContain('ModelBarred')
  await play(late)
  const listings = new Set(sales.filter((event) => payloadOf(event).kind === 'Listing').map(({ eventId }) => eventId)).size

  const alone = await openWorld(pricing, [good, spoiled, shadowed], damaged)
  const market = await beside.read('market.events')
  await alone.send(market.map(({ value }) => value))
  await alone.idle()

  const [withLearner, without] = [await prices(beside), await prices(alone)]
  expect(withLearner).toEqual(without)
  // Or nothing of this was tried: each of them priced, or was refused, as it was to.
  const scored = await Promise.all((await beside.read('listings.scored')).map(({ value }) => beside.codec.decode('ScoredListing', value)))
  expect(new Set(scored.map(({ modelId }) => modelId))).toEqual(new Set([good.modelId, spoiled.modelId]))
  expect(scored.at(-1)?.modelId).toBe(good.modelId)
  const shadows = await Promise.all((await beside.read('listings.shadow')).map(({ value }) => beside.codec.decode('ShadowForecast', value)))
  expect(shadows.map(({ modelId }) => modelId)).toContain(shadowed.modelId)
  const refused = (await beside.read('dead-letters')).map(({ app, code }) => `${app} ${code}`)
  expect(refused.filter((one) => one !== 'scorer no_level')).toEqual(['enricher model_corrupt'])
  // Before the first sale there is no level, whoever prices.
  expect(withLearner.size + refused.length - 1).toBe(listings)
})
