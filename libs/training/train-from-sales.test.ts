import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { partTypes } from '#lib/axie/parts.ts'
import { profileOf } from '#lib/axie/profile.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { payloadOf } from '#lib/market/event.ts'
import { saleColumns } from '#lib/market/sale-csv.ts'
import { readBundle } from '#lib/model/bundle/bundle.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Sale, Source } from '#schemas/types.ts'
import { createDatasetCache } from './dataset-cache.ts'
import { publishModel } from './publish.ts'
import { formatTraining } from './report/report.ts'
import type { TrainingPart } from './sales/sales-source.ts'
import { someSales } from './testing/sales-samples.ts'
import { trainFromSales } from './train-from-sales.ts'
import { fastTrainingSettings } from './training-settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-train-'))
afterAll(() => rmSync(directory, { recursive: true }))

function salesFile(name: string, count: number): string {
  const rows = someSales(count, 1).map((event) => {
    const { soldAt, item, priceUsd } = payloadOf(event).value as Sale
    const { purity } = profileOf(item)
    return [soldAt / 1_000, item.tokenId, item.class, item.breedCount, purity, ...item.parts, priceUsd].join()
  })
  expect(saleColumns.slice(5, 11)).toEqual(partTypes)
  const file = join(directory, name)
  writeFileSync(file, `${saleColumns.join()}\n${rows.join('\n')}\n`)
  return file
}

const training = (file: string, change: object = {}, part: TrainingPart = { fraction: 1 }, source: Source = 'synthetic') =>
  trainFromSales({
    data: { kind: 'file', file, part, source },
    backend: 'wasm',
    settings: fastTrainingSettings,
    ...change,
  })

describe('training from a file of sales', { timeout: 120_000 }, () => {
  const file = salesFile('sales.csv', 1_200)

  test('learns prices that follow from kind and breed count, and says how well on sales it has not seen', async () => {
    const { report, bundle } = await training(file)
    const constant = report.rules.find(({ name }) => name === 'constant')
    expect(report.model.medianApe).toBeLessThan(0.1)
    expect(report.model.medianApe).toBeLessThan((constant?.errors.medianApe ?? 0) / 2)
    expect(report.model.coverage90).toBeGreaterThan(0.7)
    expect(bundle.manifest).toMatchObject({ source: 'synthetic', featureSet: { name: 'axie-v3' } })
    expect(formatTraining({ report, bundle })).toContain('median of last 8 similar')
  })

  test('the same sales and seed give the same model id; fewer sales, or another seed, another', async () => {
    const half = { fraction: 0.5 }
    const { bundle } = await training(file, {}, half)
    expect((await training(file, {}, half)).bundle.modelId).toBe(bundle.modelId)
    expect((await training(file, { seed: 2 }, half)).bundle.modelId).not.toBe(bundle.modelId)
    expect((await training(file, {}, { fraction: 0.6 })).bundle.modelId).not.toBe(bundle.modelId)
  })

  test('other settings of the model take the features of an earlier training on the same sales; another seed or item model does not', async () => {
    const cache = createDatasetCache({ directory: join(directory, 'datasets'), maxBytes: 1e9, clock: systemClock, say: () => {} })
    const half = { fraction: 0.5 }
    const fewTrees = { ...fastTrainingSettings, trees: { ...fastTrainingSettings.trees, rounds: 20 } }
    const cold = await training(file, { cache }, half)
    const warm = await training(file, { cache, settings: fewTrees }, half)
    expect([cold.report.isCached, warm.report.isCached]).toEqual([false, true])
    expect(warm.bundle.modelId).toBe((await training(file, { settings: fewTrees }, half)).bundle.modelId)
    expect((await training(file, { cache, seed: 2 }, half)).report.isCached).toBe(false)
    const otherItems = { ...fastTrainingSettings, itemModel: { ...fastTrainingSettings.itemModel, halfLifeDays: 2 } }
    expect((await training(file, { cache, settings: otherItems }, half)).report.isCached).toBe(false)
  })

  test('for a report, all other kinds of models are judged on the same sales; they change nothing of the model', async () => {
    const half = { fraction: 0.5 }
    const { bundle, report } = await training(file, { withRivals: true }, half)
    expect(report.rivals.map(({ name }) => name)).toEqual(['trees', 'network', 'ridge', 'decision tree', 'nearest neighbours'])
    for (const { errors } of report.rivals) {
      expect(errors.rows).toBe(report.model.rows)
      expect(errors.medianApe).toBeLessThan(0.5)
    }
    expect(formatTraining({ report, bundle })).toContain('nearest neighbours')
    expect((await training(file, {}, half)).bundle.modelId).toBe(bundle.modelId)
  })

  test('sees no sale at or after the end it is given', async () => {
    const times = readFileSync(file, 'utf8')
      .split('\n')
      .slice(1, -1)
      .map((line) => Number(line.split(',')[0]) * 1_000)
    const until = times[600] as number
    const { bundle, report } = await training(file, {}, { until })
    expect(bundle.manifest.trainedUntil).toBeLessThan(until)
    expect(report.sales).toBe(times.filter((time) => time < until).length)
  })

  test('tells how far it has come', async () => {
    const stages = new Set<string>()
    await training(file, { onProgress: ({ stage }: { stage: string }) => stages.add(stage) }, { fraction: 0.5 })
    expect([...stages]).toEqual(['items', 'features', 'fitting'])
  })

  test('too few sales are refused with what was found', async () => {
    await expect(training(salesFile('few.csv', 200))).rejects.toThrow('enough_rows: expected at least 300 rows; found 200 rows')
    await expect(training(salesFile('nearly.csv', 310))).rejects.toThrow('at least 300 sales to learn from, found 294')
  })

  test('published, it is announced only once it is whole in the store', async () => {
    const { bundle } = await training(file, {}, { fraction: 0.3 })
    const [store, log] = [createMemoryStore(), createMemoryLog({ clock: systemClock })]
    const codec = createCodec({ registry: createMemoryRegistry() })
    await log.admin().createTopics([{ topic: 'run.models', partitions: 1 }])
    await publishModel({ log, codec, store, prefix: 'run.' }, bundle)
    const announced: string[] = []
    const following = await log.follow(['run.models'], async (records) => {
      for (const { key, value } of records) {
        const { modelId, uri } = await codec.decode('ModelAnnounced', value as Buffer)
        expect(key).toBe(modelId)
        expect(await store.get(uri)).not.toBeNull()
        announced.push((await readBundle(store, modelId)).modelId)
      }
    })
    await following.caughtUp
    expect(announced).toEqual([bundle.modelId])
    await following.stop()
    await log.close()
  })
})
