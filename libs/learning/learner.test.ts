import { describe, expect, it } from 'vitest'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { axieFeatures } from '#lib/features/axie-v1.ts'
import { featureSetOf } from '#lib/features/feature-sets.ts'
import { challengerNamedEvent, learningHeldEvent, type MarketPayload, modelPromotedEvent, payloadOf } from '#lib/market/event.ts'
import type { ItemModels } from '#lib/market/item-model.ts'
import { sampleItemModels } from '#lib/market/testing/market-samples.ts'
import { presets } from '#lib/rules/presets.ts'
import type { UsableModel } from '#lib/stages/scorer.ts'
import type { Input } from '#lib/stream/processor.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, ShadowForecast } from '#schemas/types.ts'
import { createLearner, type Learnt } from './learner.ts'
import { learningSettings } from './settings.ts'

const width = axieFeatures.features.length

const alike = axieFeatures.features.findIndex(({ name }) => name === 'cb.median')

/** Forecasts what axies of such a class and breed count fetch, and a bias more, in logs: the further from 0, the worse. */
const model = (bias: number, trainedUntil: number): UsableModel => ({
  featureSetHash: axieFeatures.hash,
  vectorWidth: width,
  trainedUntil,
  source: 'synthetic',
  columnNames: [],
  learntColumns: new Set(),
  ask: null,
  explain: null,
  predict: (vectors, levels) => ({
    quantilesUsd: Float64Array.from(
      [...levels].flatMap((level, row) => {
        const relative = vectors[row * width + alike] as number
        const middle = level + bias + (Number.isNaN(relative) ? 0 : relative)
        return [-0.17, -0.07, 0, 0.07, 0.17].map((offset) => Math.exp(middle + offset))
      }),
    ),
    novelty: new Float64Array(levels.length),
  }),
})

const models: Readonly<Record<string, UsableModel>> = {
  worse: model(0.6, 1),
  better: model(0, 2),
  bad: model(-0.9, 3),
  unusable: model(0, 4),
}

const itemModels: ItemModels = {
  of: ({ modelId, featureSetHash }) => {
    if (modelId === 'unusable') throw new RejectedError('model_corrupt', 'damaged')
    return sampleItemModels.of({ modelId: modelId === 'worse' ? 'model-1' : 'model-2', featureSetHash })
  },
}

const settings = { ...learningSettings, block: { ...learningSettings.block, sales: 40 } }
const learner = createLearner({
  settings,
  itemModels,
  model: (modelId) => models[modelId],
  featureSet: featureSetOf,
  ruleSet: (hash) => presets.get(hash),
  backend: 'test',
  codeVersion: 'test',
})

const seen = (observedAt: number) => ({ observedAt, origin: 'live', source: 'synthetic' }) as const
const promoted = (modelId: string, at: number) => modelPromotedEvent({ modelId, featureSetHash: axieFeatures.hash, reason: '' }, seen(at))
const named = (modelId: string, at: number) =>
  challengerNamedEvent(
    { modelId, featureSetHash: axieFeatures.hash, trainedUntil: models[modelId]?.trainedUntil ?? 0, reason: 'test' },
    seen(at),
  )

const minute = 60_000
/** A sale every few minutes, each listed just before. */
const market = (sales: number, minutesApart = 4): MarketEvent[] => [...withListings(someSales(sales, 5, minutesApart * 60))]

/** Puts events where their time is. */
const mixed = (...events: MarketEvent[]): MarketEvent[] => events.sort((one, other) => one.observedAt - other.observedAt)

const isEvent = (learnt: Learnt): learnt is MarketEvent => 'eventId' in learnt
const inputAt = (value: MarketEvent, offset: number): Input<MarketEvent> => ({
  value,
  record: { topic: 'market.events', partition: 0, offset, timestamp: 0, key: null, headers: {} },
})

type Run = Readonly<{ log: readonly MarketEvent[]; answers: readonly Learnt[][] }>

/** The learner on a log that its own answers are written to, a few records behind, as live. */
function live(events: readonly MarketEvent[], lag = 5): Run {
  const fold = createFold(learner, { offset: 0, clock: null, carry: undefined })
  const log: MarketEvent[] = []
  const answers: Learnt[][] = []
  const onTheWay: { at: number; event: MarketEvent }[] = []
  for (const event of events) {
    const due = onTheWay.filter(({ at }) => at <= log.length)
    for (const next of [...due.map((one) => one.event), event]) {
      const [result] = fold.apply([inputAt(next, log.length)])
      log.push(next)
      const made = result?.type === 'emit' ? result.outputs.map(({ value }) => value) : []
      answers.push(made)
      onTheWay.push(...made.filter(isEvent).map((one) => ({ at: log.length + lag, event: one })))
    }
    for (const one of due) onTheWay.splice(onTheWay.indexOf(one), 1)
  }
  return { log, answers }
}

const of = <Kind extends MarketPayload['kind']>({ log }: Run, kind: Kind) =>
  log.map(payloadOf).filter((payload): payload is Extract<MarketPayload, { kind: Kind }> => payload.kind === kind)

const decisionsIn = (run: Run): string[] =>
  run.log
    .map(payloadOf)
    .flatMap((payload) =>
      payload.kind === 'ModelPromoted' || payload.kind === 'ModelRolledBack' || payload.kind === 'ModelBarred'
        ? [`${payload.kind} ${payload.value.modelId}`]
        : [],
    )

describe('the learner', { timeout: 60_000 }, () => {
  const run = live(mixed(promoted('worse', firstSaleAt - 1), named('better', firstSaleAt + 200 * minute), ...market(700)))

  it('compares the challenger with the champion on the same sales, block by block', () => {
    const blocks = of(run, 'ModelsCompared').map(({ value }) => value)
    expect(blocks.length).toBeGreaterThan(8)
    for (const { from, to, others } of blocks.slice(1)) {
      expect(to - from).toBeGreaterThanOrEqual(settings.block.millis)
      expect(others[0]?.sales ?? 0).toBeGreaterThanOrEqual(1)
    }
    const first = blocks.filter(({ champion }) => champion.modelId === 'worse')
    expect(first.map(({ block }) => block)).toEqual(first.map((_, index) => index))
    expect(first.at(-1)?.others.map(({ modelId }) => modelId)).toContain('better')
  })

  it('promotes the one that is shown better, once, and keeps comparing the one before', () => {
    expect(decisionsIn(run)).toEqual(['ModelPromoted worse', 'ModelPromoted better'])
    expect(of(run, 'ModelPromoted').at(-1)?.value.evidence?.sentence).toContain('challenger shown')
    expect(
      of(run, 'ModelsCompared')
        .at(-1)
        ?.value.others.map(({ modelId }) => modelId),
    ).toContain('worse')
  })

  it('says what the models in shadow would have said of each listing', () => {
    const shadows = run.answers.flat().filter((learnt): learnt is ShadowForecast => !isEvent(learnt))
    expect(shadows[0]).toMatchObject({ modelId: 'better', role: 'challenger' })
    expect(shadows.at(-1)).toMatchObject({ modelId: 'worse', role: 'previous' })
  })

  it('puts the champion before back where people promoted a bad one, and bars that', () => {
    const rolled = live(mixed(promoted('better', firstSaleAt - 1), promoted('bad', firstSaleAt + 700 * minute), ...market(700)))
    expect(decisionsIn(rolled)).toEqual(['ModelPromoted better', 'ModelPromoted bad', 'ModelRolledBack better', 'ModelBarred bad'])
  })

  it('decides nothing while people hold decisions, and goes on comparing', () => {
    const held = learningHeldEvent({ isHeld: true, reason: '' }, seen(firstSaleAt))
    const events = mixed(promoted('worse', firstSaleAt - 1), held, named('better', firstSaleAt + 200 * minute), ...market(600))
    const quiet = live(events)
    expect(decisionsIn(quiet)).toEqual(['ModelPromoted worse'])
    expect(of(quiet, 'ModelsCompared').at(-1)?.value.others[0]).toMatchObject({ modelId: 'better' })
    // What it would have decided is said, once.
    expect(of(quiet, 'DecisionHeld').map(({ value: { kind, modelId } }) => `${kind} ${modelId}`)).toEqual(['promote better'])
  })

  it('tells people of a rollback that it would make while they hold decisions, and makes it once they release them', () => {
    const [held, released] = [true, false].map((isHeld) =>
      learningHeldEvent({ isHeld, reason: '' }, seen(firstSaleAt + (isHeld ? 500 : 2_400) * minute)),
    ) as [MarketEvent, MarketEvent]
    const people = [promoted('better', firstSaleAt - 1), promoted('bad', firstSaleAt + 700 * minute)]
    const quiet = live(mixed(...people, held, ...market(700)))
    expect(decisionsIn(quiet)).toEqual(['ModelPromoted better', 'ModelPromoted bad'])
    expect(of(quiet, 'DecisionHeld').map(({ value }) => value)).toMatchObject([
      { kind: 'roll_back', modelId: 'better', expected: { modelId: 'bad' } },
    ])
    expect(decisionsIn(live(mixed(...people, held, released, ...market(700))))).toEqual([
      ...['ModelPromoted better', 'ModelPromoted bad', 'ModelRolledBack better', 'ModelBarred bad'],
    ])
  })

  it('drops a challenger that cannot be used, and compares the next', () => {
    const events = mixed(
      promoted('worse', firstSaleAt - 1),
      named('unusable', firstSaleAt + 10 * minute),
      named('better', firstSaleAt + 20 * minute),
      ...market(600),
    )
    expect(decisionsIn(live(events))).toEqual(['ModelPromoted worse', 'ModelPromoted better'])
  })

  it('decides the same however its input is cut into batches', () => {
    const { log, answers } = run
    const fold = createFold(learner, { offset: 0, clock: null, carry: undefined })
    const again: Learnt[][] = []
    for (let from = 0; from < log.length; from += 97)
      for (const result of fold.apply(log.slice(from, from + 97).map((event, index) => inputAt(event, from + index))))
        again.push(result.type === 'emit' ? result.outputs.map(({ value }) => value) : [])
    expect(again).toEqual(answers)
  })
})

describe('a learner that is killed and restored', () => {
  it('answers as one that was never disturbed', { timeout: 60_000 }, () => {
    // Far longer than what a restore reads.
    const daysApart = 70 / 900
    const events = [...withListings(someSales(900, 5, daysApart * 86_400))]
    const { log, answers } = live(
      mixed(
        promoted('worse', firstSaleAt - 1),
        named('bad', firstSaleAt + dayMillis),
        named('better', firstSaleAt + 40 * dayMillis),
        ...events,
      ),
    )
    const undisturbed = createFold(learner, { offset: 0, clock: null, carry: undefined })
    const cuts = [0.55, 0.8, 0.95].map((share) => Math.floor(share * log.length))
    let from = 0
    for (const cut of cuts) {
      undisturbed.apply(log.slice(from, cut).map((event, index) => inputAt(event, from + index)))
      from = cut
      const point = undisturbed.restorePoint()
      expect(point.offset).toBeGreaterThan(0)
      const restored = createFold(learner, point)
      restored.apply(log.slice(point.offset, cut).map((event, index) => inputAt(event, point.offset + index)))
      const rest = restored.apply(log.slice(cut).map((event, index) => inputAt(event, cut + index)))
      expect(rest.map((result) => (result.type === 'emit' ? result.outputs.map(({ value }) => value) : []))).toEqual(answers.slice(cut))
    }
  })
})
