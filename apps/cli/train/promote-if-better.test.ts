import { beforeAll, describe, expect, test } from 'vitest'
import { createArchive } from '#lib/archive/archive.ts'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { championOf, readModels } from '#lib/decisions/read-models.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { bundleKey } from '#lib/model/bundle/bundle.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import { judge } from '#lib/training/challenge.ts'
import { publishModel } from '#lib/training/publish.ts'
import { wholeArchive } from '#lib/training/sales/raw-sales.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import { type Training, trainFromSales } from '#lib/training/train-from-sales.ts'
import { fastTrainingSettings, type TrainingSettings } from '#lib/training/training-settings.ts'
import { promoteIfBetter } from './promote-if-better.ts'

const sales = someSales(5_000, 1)
const comparison = /^median error \d+\.\d% beside the champion's \d+\.\d% on \d{3} sales that neither had seen$/
const archived = createMemoryStore()

/** @param share of the sales, from the first on */
function train(share: number, settings = someTrees(20)): Promise<Training> {
  const archive = createArchive({ name: 'market', store: archived, prefix: '' })
  return trainFromSales({
    data: { kind: 'archive', archive, span: { ...wholeArchive, until: sales[Math.floor(sales.length * share) - 1]?.observedAt ?? null } },
    backend: 'wasm',
    settings,
  })
}

/** Trees of both stages. */
function someTrees(rounds: number): TrainingSettings {
  const { itemModel, trees } = fastTrainingSettings
  const small = { rounds, mostLeaves: 8 }
  return { ...fastTrainingSettings, itemModel: { ...itemModel, trees: { ...itemModel.trees, ...small } }, trees: { ...trees, ...small } }
}

async function market(keep: 'everything' | 'until read' = 'everything') {
  const servers = {
    log: createMemoryLog({ clock: systemClock, keep }),
    codec: createCodec({ registry: createMemoryRegistry() }),
    store: createMemoryStore(),
    prefix: '',
  }
  await servers.log.admin().createTopics(topicSettings('', { partitions: 1 }))
  await sendDecisions(servers, sales.slice(0, 10))
  return {
    ...servers,
    champion: async () => championOf(await readModels(servers)),
    async offer(training: Training) {
      await publishModel(servers, training.bundle)
      return promoteIfBetter(servers, training, 0.1)
    },
  }
}

describe('a model that nobody looks at before it prices', { timeout: 180_000 }, () => {
  let old: Training
  let fresh: Training
  beforeAll(async () => {
    await archiveEvents(archived, sales)
    ;[old, fresh] = [await train(0.8), await train(1, someTrees(40))]
  }, 180_000)

  test('prices a market that had none, and takes the place of one that is no better on sales that neither had seen', async () => {
    const { offer, champion } = await market()
    expect(await offer(old)).toEqual({ promote: true, why: 'no model priced this market', champion: null })
    const promotion = await offer(fresh)
    expect(promotion).toEqual({ promote: true, champion: old.bundle.modelId, why: expect.stringMatching(comparison) })
    expect(await champion()).toBe(fresh.bundle.modelId)
  })

  test('is published and no more where it is worse, and where it prices already', async () => {
    const { offer, champion } = await market()
    await offer(old)
    const poor = await train(1, someTrees(1))
    expect((await offer(poor)).why).toMatch(/more than 10\.0% worse$/)
    expect(await champion()).toBe(old.bundle.modelId)
    expect((await offer(old)).why).toBe('it is in force already')
    expect(await champion()).toBe(old.bundle.modelId)
  })

  test('leaves it to people where the champion cannot be asked', async () => {
    const { offer, champion, store } = await market()
    await offer(old)
    await store.remove(bundleKey(old.bundle.modelId, 'manifest.json'))
    const { promote, why } = await offer(fresh)
    expect([promote, why]).toEqual([false, expect.stringContaining('nothing to compare it with')])
    expect(await champion()).toBe(old.bundle.modelId)
  })

  test('and where the log may have forgotten the champion', async () => {
    const { offer, log, ...servers } = await market('until read')
    await offer(old)
    await sendDecisions({ log, ...servers }, sales.slice(10, 1_100))
    const reader = log.consumer({ group: 'enricher', topics: ['market.events'], from: 'earliest' })
    await reader.start(async () => {})
    const [{ next } = { next: 0 }] = await log.admin().offsets('market.events')
    await reader.commit({ topic: 'market.events', partition: 0 }, { offset: next, metadata: '' })
    await reader.stop()
    expect(await offer(fresh)).toMatchObject({ promote: false, why: expect.stringContaining('no longer reaches back') })
  })

  test('is not promoted with intervals that do not hold, nor where little was sold since the champion learnt', () => {
    const errors = fresh.report.model
    const compared = { rows: 400, champion: errors, challenger: { ...errors, coverage90: 0.7 } }
    expect(judge({ rows: 199, champion: errors, challenger: errors }, 0.1)).toEqual({
      promote: false,
      why: 'only 199 sales came after those that the champion learnt from: 200 are needed to compare',
    })
    expect(judge(compared, 0.1)).toEqual({
      promote: false,
      why: 'its 90% interval holds 70.0% of prices: 80.0% at least are wanted',
    })
  })
})
