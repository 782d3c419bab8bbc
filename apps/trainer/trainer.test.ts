import { describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createCodec } from '#lib/codec/codec.ts'
import { createMemoryRegistry } from '#lib/codec/registry.ts'
import { defaultRetraining, type RetrainingFacts } from '#lib/learning/retraining.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { createMemoryLog } from '#lib/stream/memory/memory-log.ts'
import type { Conclusion, StepNews } from '#lib/training/pipeline/training-run.ts'
import type { TrainingRun } from '#schemas/types.ts'
import { createTrainer, type TrainerOptions } from './trainer.ts'
import { joinTrainings } from './trainings.ts'

const now = Date.parse('2026-11-30T12:00:00Z')
const old: RetrainingFacts = {
  now,
  champion: { trainedUntil: now - 10 * 86_400_000, levels: null },
  learntUntil: null,
  ...{ newSales: 0, newest: null, before: null, level: null, money: null },
}
const stepOf = (name: StepNews['name'], more: Partial<StepNews> = {}): StepNews => ({ name, status: 'done', ...more })

async function world() {
  const log = createMemoryLog({ clock: systemClock })
  const codec = createCodec({ registry: createMemoryRegistry() })
  await log.admin().createTopics(topicSettings('', { partitions: 1 }))
  await codec.prepare(['TrainingRun'])
  const ended: TrainingRun[] = []
  const writtenDown: string[] = []
  const begun: TrainingRun[] = []

  /** A trainer of its own, as a process would have. */
  async function start(work: TrainerOptions['work'], facts: Partial<RetrainingFacts> = {}) {
    const trainings = await joinTrainings({
      log,
      codec,
      prefix: '',
      clock: systemClock,
      sessionTimeoutMillis: 10_000,
      onUnreadable: () => {},
    })
    const trainer = createTrainer({
      market: { source: () => 'live', facts: (learntUntil) => ({ ...old, ...facts, learntUntil }) },
      ...{ trainings, clock: systemClock, retraining: defaultRetraining, days: 28, lookMillis: 5, codeVersion: 'v', work },
      writeDown: async ({ trainingId }) => void writtenDown.push(trainingId),
      onBegun: (run) => void begun.push(run),
      onEnded: (run) => void ended.push(run),
    })
    const stop = async () => {
      await trainer.stop()
      await trainings.stop()
    }
    return { stop, newest: trainings.newest }
  }
  return { start, begun, ended, writtenDown }
}

const until = async (holds: () => boolean) => {
  for (const deadline = systemClock.monotonic() + 5_000; !holds(); await systemClock.sleep(2))
    if (systemClock.monotonic() > deadline) throw new Error('expected it within 5 s')
}

const finished: Conclusion = { status: 'finished', sentence: 'in force' }

describe('the trainer', () => {
  test('trains when there is a reason, writes each step into the log, and the end into the tracker', async () => {
    const { start, ended, writtenDown } = await world()
    const { stop } = await start(async (_, onStep) => {
      onStep(stepOf('validate', { datasetId: 'd1', detail: '5,000 sales' }))
      onStep(stepOf('fit', { modelId: 'm1' }))
      return finished
    })
    await until(() => ended.length === 1)
    await stop()
    expect(ended[0]).toMatchObject({
      ...{ trainingId: '20261130T120000Z', trigger: 'age', status: 'finished', conclusion: 'in force', datasetId: 'd1', modelId: 'm1' },
      learnUntil: now,
      steps: [
        { name: 'validate', status: 'done', detail: '5,000 sales' },
        { name: 'fit', status: 'done' },
      ],
    })
    expect(writtenDown).toEqual(['20261130T120000Z'])
  })

  test('killed in the middle, the next one goes on with the same training and its data set', async () => {
    const { start, begun, ended } = await world()
    const first = await start((_, onStep, signal) => {
      onStep(stepOf('validate', { datasetId: 'd1' }))
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('killed'))))
    })
    await until(() => first.newest()?.datasetId === 'd1')
    await first.stop()
    expect(ended).toEqual([])
    const second = await start(async () => finished, { now: now + 3_600_000 })
    await until(() => ended.length === 1)
    await second.stop()
    expect(begun.map(({ trainingId, attempts, datasetId }) => [trainingId, attempts, datasetId])).toEqual([
      ['20261130T120000Z', 1, null],
      ['20261130T120000Z', 2, 'd1'],
    ])
  })

  test('one trains at a time, and another takes over', async () => {
    const { start, begun, ended } = await world()
    const release = Promise.withResolvers<Conclusion>()
    const first = await start(() => release.promise)
    await until(() => begun.length === 1)
    const second = await start(async () => finished)
    await systemClock.sleep(50)
    expect(begun.length).toBe(1)
    release.resolve(finished)
    await until(() => ended.length === 1)
    await first.stop()
    await second.stop()
    expect(begun.length).toBe(1)
  })

  test('what failed is said with its last words, where it failed, and is not tried again for hours', async () => {
    const { start, begun, ended } = await world()
    const { stop } = await start(async (_, onStep) => {
      onStep(stepOf('fit', { status: 'running' }))
      throw new Error('the training ended with SIGKILL: out of memory')
    })
    await until(() => ended.length === 1)
    await systemClock.sleep(50)
    await stop()
    expect(begun.length).toBe(1)
    expect(ended[0]).toMatchObject({
      status: 'failed',
      conclusion: expect.stringContaining('out of memory'),
      steps: [{ name: 'fit', status: 'failed' }],
    })
  })
})
