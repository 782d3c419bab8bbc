/** The steps of a training that touch what others read (judge, register, shadow), cut at each call that they make. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { championOf, readModels } from '#lib/decisions/read-models.ts'
import { defaultRetraining } from '#lib/learning/retraining.ts'
import { marketKey, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { topicSettings } from '#lib/market/topics.ts'
import type { SealedBundle } from '#lib/model/bundle/bundle.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { shiftedModel } from '#lib/model/testing/shifted-model.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { NewRun, Tracker } from '#lib/tracking/tracker.ts'
import { publishModel } from '#lib/training/publish.ts'
import { firstSaleAt, saleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import { fastTrainingSettings, type TrainingSettings } from '#lib/training/training-settings.ts'
import type { TrainingRun } from '#schemas/types.ts'
import { type Blow, createMortal } from './testing/mortal.ts'
import { createTrainer } from './trainer.ts'
import { trainOnMarket } from './training.ts'
import { joinTrainings } from './trainings.ts'
import { writeDown } from './write-down.ts'

const prefix = ''
/** Each axie once: of one that sells again only a sale is judged. */
const sales = someSales(2_400, 1).map((event, index) => {
  const payload = payloadOf(event)
  if (payload.kind !== 'Sale') throw new Error('expected sales')
  const { item, priceUsd, soldAt } = payload.value
  return saleAt(soldAt, { ...item, tokenId: String(2_000_000 + index) }, Number(priceUsd))
})
const now = sales.at(-1)!.observedAt
const few = { rounds: 8, mostLeaves: 6 }
const settings: TrainingSettings = {
  ...fastTrainingSettings,
  itemModel: { ...fastTrainingSettings.itemModel, trees: { ...fastTrainingSettings.itemModel.trees, ...few } },
  trees: { ...fastTrainingSettings.trees, ...few, tailRounds: 2 },
}
const directory = mkdtempSync(join(tmpdir(), 'flipstream-cut-'))
/** What is archived of the market, for each world to begin with. */
const archived = createMemoryStore()
let champion: SealedBundle

beforeAll(async () => {
  await startTensorRuntime('wasm')
  champion = await shiftedModel(0.6, 1)
  await archiveEvents(archived, sales, 5_000)
}, 60_000)
afterAll(() => rmSync(directory, { recursive: true }))

/** A market whose sales are archived, and the model that prices it, if one does. */
async function openWorld(hasChampion: boolean) {
  const log = createMemoryLog({ clock: systemClock })
  const codec = createCodec({ registry: createMemoryRegistry() })
  const store = createMemoryStore()
  await log.admin().createTopics(topicSettings(prefix, { partitions: 1 }))
  await codec.prepare(['TrainingRun', 'MarketEvent'])
  for await (const { key } of archived.list('')) await store.putIfAbsent(key, (await archived.get(key)) as Buffer)
  const observation = { observedAt: firstSaleAt, origin: 'live', source: 'synthetic' } as const
  const { modelId, manifest } = champion
  const promotion = modelPromotedEvent({ modelId, featureSetHash: manifest.featureSet.hash, reason: 'test' }, observation)
  if (hasChampion) await publishModel({ log, codec, store, prefix }, champion)
  const newest = sales.slice(-1)
  const events = hasChampion ? [promotion, ...newest] : newest
  await log.producer().send(events.map((event) => ({ topic: 'market.events', key: marketKey, value: codec.encode('MarketEvent', event) })))
  const written: NewRun[] = []
  const tracker: Tracker = {
    place: 'memory',
    list: async () => written.map((run) => ({ ...run, id: run.name })),
    record: async (run) => ({ ...run, id: `${written.push(run)}` }),
  }

  /** A trainer as a process has it, until its training has ended or it is killed. */
  async function live(blow: Blow | null): Promise<Readonly<{ run: TrainingRun | null; calls: readonly string[]; judgedFrom: number }>> {
    let judgedFrom = 0
    const mortal = createMortal(log, store, blow)
    const trainings = await joinTrainings({
      ...{ log: mortal.log, codec, prefix, clock: systemClock, sessionTimeoutMillis: 10_000, onUnreadable: () => {} },
    })
    const ended = Promise.withResolvers<TrainingRun>()
    const trainer = createTrainer({
      market: { source: () => 'synthetic', facts: (learntUntil) => factsAt(learntUntil) },
      ...{ trainings, clock: systemClock, retraining: defaultRetraining, days: 28, lookMillis: 5, codeVersion: 'v' },
      work: (run, onNews) => {
        const onStep: typeof onNews = (news) => {
          if (news.name === 'judge' && news.status === 'running') judgedFrom = mortal.calls.length
          onNews(news)
        }
        return trainOnMarket(
          run,
          { ...mortal, codec, prefix },
          {
            ...{ settings, backend: 'wasm', maxWorsening: 0.1, onStep },
            folder: { directory, maxBytes: 1e9, clock: systemClock, say: () => {} },
          },
        )
      },
      writeDown: (run) => writeDown(tracker, mortal.store, run),
      onBegun: () => {},
      onEnded: ended.resolve,
    })
    const gone = trainer.finished.then(
      () => null,
      () => null,
    )
    const run = await Promise.race([ended.promise, mortal.died.then(() => null), gone])
    if (run !== null) await trainer.stop()
    await mortal.expel()
    return { run, calls: mortal.calls, judgedFrom }
  }

  /** What others see of it. */
  async function seen() {
    const models = await readModels({ log, codec, prefix })
    const forward: string[] = []
    const following = await log.follow(['market.events'], async (records) => {
      for (const { value } of records) {
        const event = await codec.decode('MarketEvent', value as Buffer)
        const { kind } = payloadOf(event)
        if (kind === 'ChallengerNamed' || kind === 'ModelPromoted') forward.push(event.eventId)
      }
    })
    await following.caughtUp
    await following.stop()
    const own = hasChampion ? [promotion.eventId] : []
    const learnt = [...models.announced.keys()].filter((id) => !hasChampion || id !== modelId)
    return {
      champion: championOf(models),
      learnt,
      forward: [...new Set(forward)].filter((id) => !own.includes(id)),
      written: written.map(({ parameters }) => parameters['trainer.status']),
    }
  }
  return { live, seen }
}

const factsAt = (learntUntil: number | null) => ({
  ...{ now, learntUntil, champion: null, newSales: 0, newest: null, before: null, level: null, money: null },
})

describe.each([
  // Too few sales for a comparison: it is judged, registered and refused.
  { market: 'that a model prices', hasChampion: true, status: 'refused' },
  { market: 'without a model', hasChampion: false, status: 'finished' },
])('a training of a market $market', { timeout: 240_000 }, ({ hasChampion, status }) => {
  /** The calls of a training that nothing befalls, from the step judge on, which touch what others read. */
  let calls: readonly (readonly [number, string])[] = []
  let modelId = ''

  test('makes one model', async () => {
    const { live, seen } = await openWorld(hasChampion)
    const { run, calls: made, judgedFrom } = await live(null)
    calls = [...made.entries()].slice(judgedFrom)
    modelId = run?.modelId ?? ''
    expect(run, run?.conclusion ?? '').toMatchObject({ status, attempts: 1 })
    expect(await seen()).toEqual({
      champion: hasChampion ? champion.modelId : modelId,
      learnt: [modelId],
      forward: hasChampion ? [] : [expect.stringContaining(modelId)],
      written: [status],
    })
    expect(calls.map(([, name]) => name)).toEqual(expect.arrayContaining(['store.putIfAbsent', 'producer.send', 'log.follow']))
  })

  test('killed between any two calls of log and store, is seen through once by the next trainer', async () => {
    for (const [call, name] of calls) {
      const { live, seen } = await openWorld(hasChampion)
      const killed = await live({ call, kind: 'killed' })
      const { run } = killed.run === null ? await live(null) : killed
      const where = `killed before call ${call}, ${name}`
      expect(run, where).toMatchObject({ status, modelId })
      expect(await seen(), where).toEqual({
        champion: hasChampion ? champion.modelId : modelId,
        learnt: [modelId],
        forward: hasChampion ? [] : [expect.stringContaining(modelId)],
        written: [status],
      })
    }
  })

  test('that fails at any call leaves the model in force as it was', async () => {
    for (const [call, name] of calls) {
      const { live, seen } = await openWorld(hasChampion)
      const { run } = await live({ call, kind: 'fails' })
      const { champion: inForce, learnt } = await seen()
      const where = `failed at call ${call}, ${name}: ${run?.conclusion}`
      expect(hasChampion ? [champion.modelId] : [null, modelId], where).toContain(inForce)
      expect(learnt.length, where).toBeLessThanOrEqual(1)
    }
  })
})
