import { describe, expect, test } from 'vitest'
import { compareModels } from '#lib/decisions/compare-models.ts'
import { createModelHistory } from '#lib/decisions/model-history.ts'
import type { Models } from '#lib/decisions/read-models.ts'
import {
  challengerNamedEvent,
  learningHeldEvent,
  modelBarredEvent,
  modelPromotedEvent,
  modelRolledBackEvent,
  modelsComparedEvent,
} from '#lib/market/event.ts'
import type { ExpectedChampion, MarketEvent, ModelAnnounced } from '#schemas/types.ts'
import { formatCompared, formatModels, standingOf } from './format.ts'

const model = (modelId: string): ModelAnnounced => ({
  modelId,
  uri: `models/${modelId}/manifest.json`,
  sha256: 's',
  featureSetHash: 'f'.repeat(64),
  source: 'recorded',
  trainedFrom: 0,
  trainedUntil: Date.UTC(2022, 3, 15),
  metrics: { medianApe: 0.1034 },
})

const hour = 3_600_000
const seen = (at: number) => ({ observedAt: at * hour, origin: 'live', source: 'recorded' }) as const
const evidence = { block: 3, sales: 400, better: 0.05, lower: 0.01, upper: 0.09, sentence: 'shown better' }
const made = { featureSetHash: 'f', reason: 'test' }
const promoted = (modelId: string, at: number, expected: ExpectedChampion | null = null): MarketEvent =>
  modelPromotedEvent({ ...made, modelId, expected, evidence: expected === null ? null : evidence }, seen(at))
const since = (modelId: string, at: number): ExpectedChampion => ({ modelId, since: at * hour })

const losses = (modelId: string, better: number) => ({ modelId, sales: 200, championLoss: 12, difference: 12 * better, squares: 0.3 })
const blocks = (champion: ExpectedChampion, others: Readonly<Record<string, number>>, many: number): MarketEvent[] =>
  Array.from({ length: many }, (_, block) => {
    const to = champion.since + (block + 1) * hour
    const compared = Object.entries(others).map(([modelId, better]) => losses(modelId, better))
    return modelsComparedEvent({ block, champion, from: to - hour, to, others: compared, alertedSales: 0 }, seen(to / hour))
  })

function models(events: readonly MarketEvent[], announced = ['a', 'b', 'c'], isWhole = true): Models {
  const { take, history } = createModelHistory(() => isWhole)
  for (const event of events) take(event)
  return { announced: new Map(announced.map((modelId) => [modelId, model(modelId)])), isWhole, ...history() }
}
const lines = (promotions: readonly string[]) => formatModels(models(promotions.map((modelId, at) => promoted(modelId, at)))).split('\n')

describe('the list of models', () => {
  test('says which is in force, what a rollback goes back to, and what was', () => {
    expect(lines(['c', 'a', 'b', 'b'])).toEqual([
      'model            market    learnt until (UTC)  median error  in 5-95%  features',
      'a      before    recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      'b      in force  recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      'c      was       recorded  2022-04-15 00:00    10.3%         –         ffffffffffff',
      '',
    ])
  })

  test('a model that was promoted and is announced no more is listed all the same', () => {
    expect(lines(['gone'])[1]).toBe('gone   in force  announced no more')
  })

  test('of none, says how to get one', () => {
    expect(formatModels(models([], []))).toContain('flipstream train --publish')
  })

  test('says since when people hold decisions, and no more once they release them', () => {
    const held = [promoted('a', 0), learningHeldEvent({ isHeld: true, reason: 'holidays' }, seen(1))]
    expect(formatModels(models(held))).toContain('people hold decisions since 1970-01-01 01:00 UTC (holidays)')
    const released = [...held, learningHeldEvent({ isHeld: false, reason: '' }, seen(2))]
    expect(formatModels(models(released))).not.toContain('people hold')
  })
})

describe('what was decided about models', () => {
  const rolledBack = (modelId: string, at: number, expected: ExpectedChampion) =>
    modelRolledBackEvent({ ...made, modelId, expected, evidence }, seen(at))

  test('a decision that came late or twice counts for nothing, nor does one for a barred model', () => {
    const [good, late] = [promoted('b', 1, since('a', 0)), promoted('c', 2, since('a', 0))]
    const history = [promoted('a', 0), good, late, good, modelBarredEvent({ modelId: 'c', reason: 'bad' }, seen(3)), promoted('c', 4)]
    expect(models(history).promotions.map(({ modelId }) => modelId)).toEqual(['a', 'b'])
    expect(standingOf(models(history), 'c')).toBe('barred')
  })

  test('where the log has lost its beginning, the first decision that it tells of counts', () => {
    const decision = [promoted('b', 1, since('a', 0))]
    expect(models(decision, ['b'], false).promotions).toHaveLength(1)
    expect(models(decision, ['b'], true).promotions).toHaveLength(0)
  })

  test('a rollback goes back to no barred model', () => {
    const history = [
      ...[promoted('a', 0), promoted('b', 1), rolledBack('a', 2, since('b', 1))],
      ...[
        modelBarredEvent({ modelId: 'b', reason: 'worse' }, seen(2)),
        challengerNamedEvent({ ...made, modelId: 'c', trainedUntil: 0 }, seen(3)),
      ],
    ]
    expect(['a', 'b', 'c'].map((modelId) => standingOf(models(history), modelId))).toEqual(['in force', 'barred', 'challenger'])
  })
})

describe('two models beside each other', () => {
  const history = [
    promoted('a', 0),
    ...blocks(since('a', 0), { b: 0.1 }, 30),
    promoted('b', 40),
    ...blocks(since('b', 40), { a: -0.01 }, 3),
  ]

  test('newest last: how much better, between which bounds, on how many sales, and how many more it takes', () => {
    const compared = compareModels(models(history), 'a', 'b')
    expect(compared).toMatchObject([
      { modelId: 'b', against: 'a', sales: 6_000, blocks: 30, standing: 'better', isInForce: false },
      { modelId: 'a', against: 'b', sales: 600, blocks: 3, standing: 'open', isInForce: true, better: -0.01 },
    ])
    expect(compareModels(models(history), 'b', 'a')).toHaveLength(2)
    const text = formatCompared(compared)
    expect(text).toMatch(/^a worse by 1.0%, (needs about [0-9]+ more sales|too little to be shown soon): b prices\n/)
    expect(text).toMatch(/\nb +a +10.0% /)
  })

  test('that never were: says with which each was', () => {
    expect(() => compareModels(models(history), 'a', 'c')).toThrow('a was compared with b; c was compared with none')
  })
})
