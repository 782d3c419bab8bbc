import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, inject, test, vi } from 'vitest'
import { createArchive } from '#lib/archive/archive.ts'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { createDecisionsAnew, isOfLearner } from '#lib/learning/decisions-anew.ts'
import { openLearningFold } from '#lib/learning/learning-fold.ts'
import { challengerNamedEvent, isPromotion, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import { topicName, topicSettings } from '#lib/market/topics.ts'
import { startTensorRuntime } from '#lib/model/network/tfjs-runtime.ts'
import { shiftedModel } from '#lib/model/testing/shifted-model.ts'
import { openBackend } from '#lib/running/backend.ts'
import { type AppProcess, createProcesses } from '#lib/running/processes.ts'
import { checkoutRoot } from '#lib/stack/resolve.ts'
import { deadLetterHeaders } from '#lib/stream/dead-letter.ts'
import { publishModel } from '#lib/training/publish.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, ModelAnnounced, TrainingRun } from '#schemas/types.ts'
import { feedRecord } from './market-feed.ts'
import { testEnvironment } from './pipeline.ts'
import { readTopics } from './read-topics.ts'
import { runCommand } from './run-command.ts'
import { runPrefix } from './run-prefix.ts'

const patient = { timeout: 90_000, interval: 100 }
const hour = 3_600_000
/** What settings of the apps make a test of minutes one of seconds. */
const quick = { SESSION_TIMEOUT_MILLISECONDS: '6000', PRIORITY: 'normal', TF_BACKEND: 'wasm' }

let closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.reverse()) await close()
  closers = []
})

/** Servers with a run's topics, and apps that are started again whenever they are killed. */
async function openWorld(name: string) {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), s3: inject('s3') }
  const prefix = runPrefix(name)
  const backend = openBackend({ kind: 'env', ...servers }, { root: checkoutRoot, clientId: `${prefix}test` })
  const directory = mkdtempSync(join(tmpdir(), `flipstream-${name}-`))
  const admin = backend.log.admin()
  await admin.createTopics(topicSettings(prefix, { partitions: 1 }))
  await admin.close()
  await backend.codec.prepare(['MarketEvent'])
  const startProcess = createProcesses({ environment: { ...testEnvironment(servers, prefix), ...quick }, logDirectory: directory })
  const started: AppProcess[] = []
  closers.push(async () => {
    await Promise.all(started.map((app) => app.stop()))
    await backend.close()
    rmSync(directory, { recursive: true })
  })
  return {
    ...{ servers, prefix, backend, directory },
    start(app: string, settings: Readonly<Record<string, string>> = {}): AppProcess {
      const process = startProcess(app, { settings })
      started.push(process)
      return process
    },
  }
}

type World = Awaited<ReturnType<typeof openWorld>>

const untilReady = (app: AppProcess) => vi.waitFor(async () => expect((await app.health()).ready).toBe(true), patient)

async function send({ backend: { log, codec }, prefix }: World, events: readonly MarketEvent[]): Promise<void> {
  const producer = log.producer()
  await producer.send(events.map((event) => feedRecord(codec, prefix, event)))
  await producer.close()
}

/** All that stands in market.events, as a read-committed reader sees it. */
async function marketOf({ servers, prefix, backend: { codec } }: World): Promise<MarketEvent[]> {
  const records = await readTopics(servers.brokers, [topicName(prefix, 'market.events')])
  return Promise.all(records.map(({ value }) => codec.decode('MarketEvent', value)))
}

const seen = (observedAt: number) => ({ observedAt, origin: 'live', source: 'synthetic' }) as const

test('the learner, killed throughout: every decision once, a replay decides the same to the byte', { timeout: 400_000 }, async () => {
  const world = await openWorld('learner-kill')
  const { servers, prefix, backend } = world
  const { backend: tensors } = await startTensorRuntime('wasm')
  const [poor, good, bad] = await Promise.all([shiftedModel(0.6, 1), shiftedModel(0, 2), shiftedModel(-0.9, 3)])
  for (const bundle of [poor, good, bad]) await publishModel({ ...backend, prefix }, bundle)
  const featureSetHash = poor.manifest.featureSet.hash
  const people = (modelId: string, at: number) => modelPromotedEvent({ modelId, featureSetHash, reason: 'people' }, seen(at))
  const named = challengerNamedEvent(
    { modelId: good.modelId, featureSetHash, trainedUntil: 2, reason: 'test' },
    seen(firstSaleAt + 3 * hour),
  )
  const sales = [...withListings(someSales(2_400, 5, 240))]
  const badByPeople = people(bad.modelId, firstSaleAt + 64 * hour)
  const market = [people(poor.modelId, firstSaleAt - 1), named, badByPeople, ...sales]
  market.sort((one, other) => one.observedAt - other.observedAt)

  await untilReady(world.start('enricher'))
  const answers: MarketEvent[] = []
  const following = await backend.log.follow([topicName(prefix, 'market.events')], async (records) => {
    for (const { value } of records) {
      const event = await backend.codec.decode('MarketEvent', value as Buffer)
      if (isOfLearner(event)) answers.push(event)
    }
  })
  closers.push(() => following.stop())

  const decided = (): string[] =>
    answers
      .map(payloadOf)
      .flatMap((payload) =>
        payload.kind === 'ModelsCompared' ? [] : [`${payload.kind} ${(payload.value as { modelId: string }).modelId}`],
      )
  const untilDecided = (count: number) => vi.waitFor(() => expect(decided()).toHaveLength(count), patient)

  // A part of the market, and a kill while it is being learnt from: just as the next answer stands in the log, or sooner.
  const parts = 5
  const kills: string[] = []
  const peoplesBad = market.findIndex((event) => event.eventId === badByPeople.eventId)
  for (let part = 0; part < parts; part++) {
    const [from, to] = [part, part + 1].map((edge) => Math.floor((edge * market.length) / parts)) as [number, number]
    // What people do next is to find the challenger in force: a promotion that comes after it would be outdated.
    if (from <= peoplesBad && peoplesBad < to) {
      const early = world.start('learner')
      await untilDecided(1)
      early.kill()
      await early.exited
    }
    await send(world, market.slice(from, to))
    const victim = world.start('learner')
    if (part % 2 === 0) {
      const before = answers.length
      await vi.waitFor(() => expect(answers.length).toBeGreaterThan(before), patient)
    } else await untilReady(victim)
    victim.kill()
    kills.push(await victim.exited)
  }
  world.start('learner')
  await untilDecided(3)

  expect(kills).toEqual(Array.from({ length: parts }, () => 'SIGKILL'))
  expect(decided()).toEqual([`ModelPromoted ${good.modelId}`, `ModelRolledBack ${good.modelId}`, `ModelBarred ${bad.modelId}`])
  expect(new Set(answers.map(({ eventId }) => eventId)).size).toBe(answers.length)

  const written = await marketOf(world)
  const anew = createDecisionsAnew((event) => backend.codec.encode('MarketEvent', event))
  const learner = openLearningFold({ store: backend.store, backend: tensors, capacity: 8, codeVersion: 'test' })
  anew.computed(await learner.fold(written))
  anew.recorded(written)
  const compared = anew.compared()
  expect(compared.first).toBeNull()
  expect(compared.identical).toBe(written.filter(isOfLearner).length)

  // A duplicate, and one that comes late.
  const promotion = written.find((event) => isOfLearner(event) && isPromotion(payloadOf(event)))!
  const late = { ...promotion, eventId: `${promotion.eventId}:late` }
  await sendDecisions({ ...backend, prefix }, [promotion, late])
  await vi.waitFor(async () => {
    const letters = await readTopics(servers.brokers, [topicName(prefix, 'dead-letters')])
    expect(letters.map(({ headers }) => `${headers[deadLetterHeaders.app]} ${headers[deadLetterHeaders.code]}`)).toEqual(
      expect.arrayContaining(['enricher decision_outdated', 'enricher decision_outdated']),
    )
  }, patient)

  const models = async (...argv: string[]) => {
    const { stdout, stderr, code } = await runCommand(servers, ['models', ...argv, '--json'], { PREFIX: prefix })
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }
  expect((await models('ls')).models).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ modelId: good.modelId, standing: 'in force' }),
      expect.objectContaining({ modelId: bad.modelId, standing: 'barred' }),
    ]),
  )
  expect(await models('compare', bad.modelId, good.modelId)).toMatchObject({
    modelId: good.modelId,
    against: bad.modelId,
    standing: 'better',
  })
  expect(await models('hold', '--reason', 'holidays')).toMatchObject({ isHeld: true, isChanged: true })
  expect((await models('ls')).held).toMatchObject({ reason: 'holidays' })
  console.error(`learner kill: ${kills.length} kills, ${answers.length} answers, ${compared.identical} computed anew to the byte`)
})

test('the trainer, killed in the middle of a step: the same training goes on from what is kept, and makes one model', {
  timeout: 400_000,
}, async () => {
  const world = await openWorld('trainer-kill')
  const { prefix, backend, directory } = world
  const archiver = world.start('archiver')
  await send(world, someSales(3_000, 3, 60))
  const runs: TrainingRun[] = []
  const announced: ModelAnnounced[] = []
  const following = await backend.log.follow([topicName(prefix, 'trainings'), topicName(prefix, 'models')], async (records) => {
    for (const { topic, value } of records)
      if (topic === topicName(prefix, 'models')) announced.push(await backend.codec.decode('ModelAnnounced', value as Buffer))
      else runs.push(await backend.codec.decode('TrainingRun', value as Buffer))
  })
  closers.push(() => following.stop())
  await untilReady(archiver)
  await vi.waitFor(async () => {
    const archived = await createArchive({ name: 'test', store: backend.store, prefix }).topics()
    expect(archived.map(({ topic }) => topic)).toContain('market.events')
  }, patient)

  const start = () =>
    world.start('trainer', { TRAINER_SETTINGS: 'fast', TRAINER_LOOK_SECONDS: '0.1', TRAINER_FOLDER: join(directory, 'steps') })
  const isRunning = (step: string, attempt: number) =>
    runs.some(({ attempts, steps }) => attempts === attempt && steps.some(({ name, status }) => name === step && status === 'running'))
  for (const [attempt, step] of ['features', 'fit'].entries()) {
    const trainer = start()
    await vi.waitFor(() => expect(isRunning(step, attempt + 1), trainer.lastLogLines(20)).toBe(true), { ...patient, interval: 5 })
    trainer.kill()
    await trainer.exited
  }
  start()
  await vi.waitFor(() => expect(runs.at(-1)?.status).toBe('finished'), patient)

  const last = runs.at(-1) as TrainingRun
  console.error(`trainer kill: ${last.attempts} attempts: ${last.steps.map(({ name, status }) => `${name} ${status}`).join(', ')}`)
  expect(new Set(runs.map(({ trainingId }) => trainingId)).size).toBe(1)
  expect(last).toMatchObject({ attempts: 3, status: 'finished' })
  expect(last.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
    ...['validate cached', 'cleanse cached', 'features cached'],
    ...['fit done', 'judge done', 'register done', 'shadow done'],
  ])
  expect(new Set(announced.map(({ modelId }) => modelId))).toEqual(new Set([last.modelId]))
  const promotions = (await marketOf(world)).map(payloadOf).filter(isPromotion)
  expect(promotions.map(({ value }) => value.modelId)).toEqual([last.modelId])
})
