import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { run as sample } from '#app/cli/sample/main.ts'
import { embeddedStarter } from '#app/cli/up/embedded.ts'
import { type Archive, createArchive } from '#lib/archive/archive.ts'
import { countArchived } from '#lib/archive/read.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { promote } from '#lib/decisions/promote.ts'
import { pricingStages } from '#lib/market/consumers.ts'
import { marketKey } from '#lib/market/event.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { defaultRules } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { parseRulesFile } from '#lib/rules/rules-file.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import { createItemModelCache } from '#lib/stages/item-model-cache.ts'
import { createModelCache } from '#lib/stages/model-cache.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { publishModel } from '#lib/training/publish.ts'
import { trainFromSales } from '#lib/training/train-from-sales.ts'
import { fastTrainingSettings } from '#lib/training/training-settings.ts'
import type { MarketEvent } from '#schemas/types.ts'
import packageJson from '../../package.json' with { type: 'json' }
import { createChain } from './chain.ts'
import { withListings } from './listings-from-sales.ts'
import { playArchive } from './play-archive.ts'

// The pipeline as it runs (its apps, on the memory log), recorded by the archiver; then the archive, played by the backtest.

const prefix = 'run.'
const partitions = 3
const playFrom = Date.parse('2026-01-03T12:00:00Z')
const recordedTopics = ['market.events', 'listings.scored', 'alerts'] as const

const [forecast] = defaultRules.rules.map((rule) => rule.forecast)
/** So low a margin that there are many alerts, and a limit that counts by partition. */
const rules: RuleSet = {
  ...defaultRules,
  name: 'many',
  rules: defaultRules.rules.map((rule) => ({
    ...rule,
    forecast: { ...forecast, kind: 'margin_after_fee', quantile: 'q50', minimumRatio: 0.8, minimumGainUsd: 0 },
    secondCheck: { kind: 'none' },
    maximumAlertsPerHour: 2,
  })),
}

const directory = mkdtempSync(join(tmpdir(), 'flipstream-play-'))
afterAll(() => rmSync(directory, { recursive: true }))

const log = createMemoryLog({ clock: systemClock })
const [codec, store] = [createCodec({ registry: createMemoryRegistry() }), createMemoryStore()]
/** By topic, then by key and order: the values as they were written. */
const seen = new Map<string, Buffer[]>(recordedTopics.map((topic) => [topic, []]))
let archive: Archive

async function salesAndListings(): Promise<{ salesFile: string; history: MarketEvent[]; live: MarketEvent[] }> {
  const salesFile = join(directory, 'sales.csv')
  const output = new PassThrough()
  const written = text(output)
  await sample(['--days', '3', '--seed', '4', '--per-hour', '16'], output)
  output.end()
  writeFileSync(salesFile, await written)
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(salesFile, { source: 'synthetic' })) events.push(event)
  const history = events.filter(({ eventTime }) => eventTime < playFrom)
  return { salesFile, history, live: [...withListings(events.slice(history.length))] }
}

const send = async (events: readonly MarketEvent[]) =>
  log
    .producer()
    .send(events.map((event) => ({ topic: `${prefix}market.events`, key: marketKey, value: codec.encode('MarketEvent', event) })))

beforeAll(async () => {
  await log.admin().createTopics(topicSettings(prefix, { partitions }))
  const { salesFile, history, live } = await salesAndListings()
  const { bundle } = await trainFromSales({
    data: { kind: 'file', file: salesFile, part: { until: playFrom }, source: 'synthetic' },
    backend: 'wasm',
    settings: fastTrainingSettings,
  })
  await publishModel({ log, codec, store, prefix }, bundle)
  await createRulesStore(store).publish(rules)
  await codec.prepare(['MarketEvent'])
  await send(history)
  const { modelId, manifest } = bundle
  const promotion = {
    at: playFrom - 2,
    source: 'synthetic',
    modelId,
    featureSetHash: manifest.featureSet.hash,
    rules,
    reason: 'test',
  } as const
  await promote({ log, codec, store, prefix }, promotion)
  await send(live)

  const following = await log.follow(
    recordedTopics.map((topic) => `${prefix}${topic}`),
    async (records) => {
      for (const { topic, value } of records) seen.get(topic.slice(prefix.length))?.push(value as Buffer)
    },
  )
  const environment = { TF_BACKEND: 'wasm', LOG_LEVEL: 'error', ARCHIVE_TOPICS: recordedTopics.join(), ARCHIVE_IDLE_SECONDS: '0.2' }
  const start = embeddedStarter({ environment, prefix, log, codec, store })
  const apps = [...pricingStages, 'archiver'].map((name) => start(name))
  const listings = live.filter(({ payload }) => 'flipstream.Listing' in payload).length
  archive = createArchive({ name: 'test', store, prefix })
  await vi.waitFor(
    async () => {
      expect(seen.get('listings.scored')).toHaveLength(listings)
      for (const topic of recordedTopics) {
        expect(await countArchived(store, archive.location({ topic, generation: 1 }))).toBe(seen.get(topic)?.length)
      }
    },
    { timeout: 60_000, interval: 100 },
  )
  for (const app of apps.reverse()) await app.stop()
  await following.stop()
}, 120_000)

afterAll(() => log.close())

describe('a recorded run, played from its archive', { timeout: 60_000 }, () => {
  const options = {
    from: null,
    to: null,
    rules: null,
    alternatives: [],
    backend: 'wasm',
    partitions,
    progress: { show: () => {}, end: () => {} },
  } as const
  const play = (change: object = {}) => playArchive({ archive }, { ...options, ...change })

  test('gives the alerts that live gave, to the byte', async () => {
    const { recordedAlerts, candidates, refused, models } = await play()
    expect(recordedAlerts?.recorded).toBe(seen.get('alerts')?.length)
    expect(recordedAlerts?.recorded).toBeGreaterThan(20)
    expect(recordedAlerts).toMatchObject({ identical: recordedAlerts?.recorded, played: recordedAlerts?.recorded, firstDifferent: null })
    expect(candidates).toHaveLength(seen.get('listings.scored')?.length ?? 0)
    expect(candidates.some(({ verdicts }) => verdicts[0]?.refusal === 'hourly_limit')).toBe(true)
    expect([refused, models.length]).toEqual([{}, 1])
  })

  test('gives the scores that live gave, to the byte, however its events are cut into batches', async () => {
    const played: Buffer[] = []
    const chain = createChain({
      models: createModelCache({ store, capacity: 2 }),
      itemModels: createItemModelCache({ store }),
      rules: createRulesStore(store),
      backend: 'wasm',
      codeVersion: packageJson.version,
      partitions,
      onDecided: ({ scored }) => played.push(codec.encode('ScoredListing', scored)),
    })
    const events = await Promise.all((seen.get('market.events') ?? []).map((bytes) => codec.decode('MarketEvent', bytes)))
    for (let from = 0; from < events.length; from += 97) await chain.play(events.slice(from, from + 97))
    const inOrder = (values: readonly Buffer[]) => values.map((value) => value.toString('hex')).sort()
    expect(inOrder(played)).toEqual(inOrder(seen.get('listings.scored') ?? []))
  })

  test('notices alerts that were not made by what is played', async () => {
    const { recordedAlerts } = await play({ partitions: 1 })
    expect(recordedAlerts?.identical).toBeLessThan(recordedAlerts?.recorded ?? 0)
    expect(recordedAlerts?.firstDifferent).toMatch(/^axie:\d+:\d+:default$/)
  })

  test('tries rules of a file on it, beside others, and only on a part of it', async () => {
    const written = 'version: 1\nname: by hand\nrules:\n  - name: cheap\n    when: ask.usd < forecast.q50 && item.breedCount <= 3\n'
    const byHand = parseRulesFile(written, 'rules.yaml')
    const { candidates, recordedAlerts, ruleSets } = await play({ rules: byHand, alternatives: [defaultRules], from: playFrom + 3_600_000 })
    expect([recordedAlerts, ruleSets]).toEqual([null, [byHand, defaultRules]])
    expect(candidates.length).toBeLessThan(seen.get('listings.scored')?.length ?? 0)
    const alerted = candidates.filter(({ verdicts }) => verdicts[0]?.rules.includes('cheap'))
    expect(alerted.length).toBeGreaterThan(20)
    for (const { askUsd, quantilesUsd, breedCount } of alerted) expect(askUsd < (quantilesUsd[2] as number) && breedCount <= 3).toBe(true)
    expect(candidates.some(({ verdicts }) => verdicts[1]?.refusal === 'below_margin')).toBe(true)
  })

  test('says what is missing or damaged', async () => {
    const empty = createArchive({ name: 'empty', store: createMemoryStore(), prefix })
    await expect(playArchive({ archive: empty }, options)).rejects.toThrow('archive empty holds nothing of market.events')
    await expect(play({ from: playFrom + 30 * 86_400_000 })).rejects.toThrow('nothing of test lies between')
    const withoutModels = { ...archive, store: createMemoryStore() }
    await expect(playArchive({ archive: withoutModels }, options)).rejects.toThrow(/model gbdt-\w+|model \S+/)
  })
})
