import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createArchive } from '#lib/archive/archive.ts'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { createManualClock } from '#lib/clock/clock.ts'
import { createMemoryStore } from '#lib/objectstore/memory-store.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import { fastTrainingSettings, type TrainingSettings } from '../training-settings.ts'
import { type Candidate, type PipelineOptions, runPipeline } from './run-pipeline.ts'
import type { StepName, StepNews } from './training-run.ts'

const sales = someSales(700, 1)
const [firstAt, lastAt] = [sales[0]!.observedAt, sales.at(-1)!.observedAt]
const small = { rounds: 2, mostLeaves: 4 }
const settings: TrainingSettings = {
  ...fastTrainingSettings,
  itemModel: { ...fastTrainingSettings.itemModel, trees: { ...fastTrainingSettings.itemModel.trees, ...small } },
  trees: { ...fastTrainingSettings.trees, ...small, tailRounds: 2 },
}

describe('a training in steps', () => {
  const store = createMemoryStore()
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-steps-'))
  const archive = createArchive({ name: 'market', store, prefix: '' })
  const folder = { directory, maxBytes: 1e9, clock: createManualClock(lastAt), say: () => {} }
  let datasetId: string | null = null

  beforeAll(() => archiveEvents(store, sales, 500))
  afterAll(() => rmSync(directory, { recursive: true }))

  async function run(change: Partial<PipelineOptions> = {}, killedIn: StepName | null = null) {
    const news: StepNews[] = []
    const registered: string[] = []
    const conclusion = await runPipeline({
      run: { learnFrom: firstAt, learnUntil: lastAt, seed: 1, datasetId },
      archive,
      settings,
      backend: 'wasm',
      folder,
      onStep(said) {
        news.push(said)
        if (said.name === killedIn) throw new Error('killed')
        datasetId = said.datasetId ?? datasetId
      },
      judge: async () => ({ promote: true, why: 'no worse' }),
      register: async ({ bundle }: Candidate) => void registered.push(bundle.modelId),
      shadow: async () => 'named as the challenger',
      ...change,
    }).catch((error: Error) => error.message)
    const ended = news.filter(({ status }) => status !== 'running')
    return { conclusion, registered, steps: ended.map(({ name, status }) => `${name} ${status}`), news }
  }

  test('killed in the middle of fit, goes on from what is kept, with the same sales though more are archived by then', async () => {
    expect(await run({}, 'fit')).toMatchObject({ conclusion: 'killed', steps: ['validate done', 'cleanse done', 'features done'] })
    const named = datasetId
    await archiveEvents(store, [...sales, ...someSales(500, 2).map((event) => ({ ...event, eventId: `${event.eventId} later` }))], 500)
    const { conclusion, steps, registered, news } = await run()
    expect(conclusion).toEqual({ status: 'finished', sentence: 'named as the challenger' })
    expect(steps).toEqual([
      ...['validate cached', 'cleanse cached', 'features cached'],
      ...['fit done', 'judge done', 'register done', 'shadow done'],
    ])
    expect(registered.length).toBe(1)
    expect(news.find(({ name, status }) => name === 'validate' && status === 'cached')).toMatchObject({
      datasetId: named,
      detail: '699 sales',
    })
  })

  test('a model that is judged too poor is written down and not shown to the market', async () => {
    const { conclusion, registered, steps } = await run({ judge: async () => ({ promote: false, why: '12% worse' }) })
    expect(conclusion).toEqual({ status: 'refused', sentence: '12% worse' })
    expect(registered.length).toBe(1)
    expect(steps.slice(3)).toEqual(['fit cached', 'judge done', 'register done'])
  })

  test('data that do not hold end it with what was expected and found, and nothing is registered', async () => {
    const until = sales[100]!.observedAt
    const { conclusion, registered } = await run({ run: { learnFrom: firstAt, learnUntil: until, seed: 1, datasetId: null } })
    expect(conclusion).toMatchObject({ status: 'refused', sentence: expect.stringContaining('enough_rows: expected at least 300 rows') })
    expect(registered).toEqual([])
  })
})
