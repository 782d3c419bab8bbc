import { describe, expect, it } from 'vitest'
import { withListings } from '#lib/backtest/listings-from-sales.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { learningHeldEvent } from '#lib/market/event.ts'
import { createFold } from '#lib/stream/runtime/fold.ts'
import { firstSaleAt, someSales } from '#lib/training/testing/sales-samples.ts'
import type { MarketEvent, ShadowForecast } from '#schemas/types.ts'
import type { Learnt } from './learner.ts'
import { learningSettings } from './settings.ts'
import { createLearnerWorld, decisionsIn, inputAt, isEvent, mixed, payloadsOf, seen, shapedModel } from './testing/learner-world.ts'

const models = {
  worse: shapedModel({ bias: 0.6, trainedUntil: 1 }),
  better: shapedModel({ bias: 0, trainedUntil: 2 }),
  bad: shapedModel({ bias: -0.9, trainedUntil: 3 }),
  unusable: shapedModel({ bias: 0, trainedUntil: 4 }),
}
const settings = { ...learningSettings, block: { ...learningSettings.block, sales: 40 } }
const { learner, promoted, named, live } = createLearnerWorld({ models, damaged: ['unusable'], settings })

const minute = 60_000
/** A sale every few minutes, each listed just before. */
const market = (sales: number, minutesApart = 4): MarketEvent[] => [...withListings(someSales(sales, 5, minutesApart * 60))]

describe('the learner', { timeout: 60_000 }, () => {
  const run = live(mixed(promoted('worse', firstSaleAt - 1), named('better', firstSaleAt + 200 * minute), ...market(700)))

  it('compares the challenger with the champion on the same sales, block by block', () => {
    const blocks = payloadsOf(run, 'ModelsCompared')
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
    expect(payloadsOf(run, 'ModelPromoted').at(-1)?.evidence?.sentence).toContain('challenger shown')
    expect(
      payloadsOf(run, 'ModelsCompared')
        .at(-1)
        ?.others.map(({ modelId }) => modelId),
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
    expect(payloadsOf(quiet, 'ModelsCompared').at(-1)?.others[0]).toMatchObject({ modelId: 'better' })
    // What it would have decided is said, once.
    expect(payloadsOf(quiet, 'DecisionHeld').map(({ kind, modelId }) => `${kind} ${modelId}`)).toEqual(['promote better'])
  })

  it('tells people of a rollback that it would make while they hold decisions, and makes it once they release them', () => {
    const [held, released] = [true, false].map((isHeld) =>
      learningHeldEvent({ isHeld, reason: '' }, seen(firstSaleAt + (isHeld ? 500 : 2_400) * minute)),
    ) as [MarketEvent, MarketEvent]
    const people = [promoted('better', firstSaleAt - 1), promoted('bad', firstSaleAt + 700 * minute)]
    const quiet = live(mixed(...people, held, ...market(700)))
    expect(decisionsIn(quiet)).toEqual(['ModelPromoted better', 'ModelPromoted bad'])
    expect(payloadsOf(quiet, 'DecisionHeld')).toMatchObject([{ kind: 'roll_back', modelId: 'better', expected: { modelId: 'bad' } }])
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
