import { describe, expect, it } from 'vitest'
import { RejectedError } from '#lib/errors/errors.ts'
import { modelBarredEvent, modelPromotedEvent, modelRolledBackEvent } from '#lib/market/event.ts'
import type { DecisionEvidence, ExpectedChampion, MarketEvent } from '#schemas/types.ts'
import { applyEvent } from './fold.ts'
import { carryOf, initialMarketState, type MarketState } from './market-state.ts'

const at = (observedAt: number) => ({ observedAt, origin: 'live', source: 'synthetic' }) as const
const evidence: DecisionEvidence = { block: 7, sales: 900, better: 0.03, lower: 0.01, upper: 0.05, sentence: 'shown better' }

const byPeople = (modelId: string, time: number) => modelPromotedEvent({ modelId, featureSetHash: 'f', reason: '' }, at(time))
const byLearner = (modelId: string, expected: ExpectedChampion, time: number) =>
  modelPromotedEvent({ modelId, featureSetHash: 'f', reason: '', expected, evidence }, at(time))
const rolledBack = (modelId: string, expected: ExpectedChampion, time: number) =>
  modelRolledBackEvent({ modelId, featureSetHash: 'f', reason: '', expected, evidence }, at(time))
const barred = (modelId: string, time: number) => modelBarredEvent({ modelId, reason: '', evidence }, at(time))

function fold(events: readonly MarketEvent[], state: MarketState = initialMarketState()) {
  const refused: string[] = []
  for (const event of events) {
    try {
      applyEvent(state, event)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      refused.push(error.code)
    }
  }
  return { champion: state.model?.modelId ?? null, refused, state }
}

describe('a decision about the champion', () => {
  it('of the learner counts where the champion is the one that it expects', () => {
    expect(fold([byPeople('a', 1), byLearner('b', { modelId: 'a', since: 1 }, 2)])).toMatchObject({ champion: 'b', refused: [] })
  })

  it('that comes late is refused: another model is in force by then', () => {
    const late = byLearner('b', { modelId: 'a', since: 1 }, 3)
    expect(fold([byPeople('a', 1), byPeople('c', 2), late])).toMatchObject({ champion: 'c', refused: ['decision_outdated'] })
  })

  it('met twice counts once, though people have gone back to the very model that it expects', () => {
    const decision = byLearner('b', { modelId: 'a', since: 1 }, 2)
    const { champion, refused } = fold([byPeople('a', 1), decision, decision, byPeople('a', 3), decision])
    expect({ champion, refused }).toEqual({ champion: 'a', refused: ['decision_outdated', 'decision_outdated'] })
  })

  it('of people counts whatever is in force, as it did before there was a learner', () => {
    expect(fold([byPeople('a', 1), byPeople('b', 2), byPeople('a', 3)])).toMatchObject({ champion: 'a', refused: [] })
  })

  it('leads never back to a barred model, by no path and after a restart', () => {
    const events = [
      byPeople('a', 1),
      byLearner('b', { modelId: 'a', since: 1 }, 2),
      barred('b', 3),
      rolledBack('a', { modelId: 'b', since: 2 }, 3),
    ]
    const { state, champion } = fold(events)
    expect(champion).toBe('a')
    const restarted = initialMarketState(JSON.parse(JSON.stringify(carryOf(state))))
    for (const again of [state, restarted]) {
      const paths = [byPeople('b', 4), byLearner('b', { modelId: 'a', since: 3 }, 4), rolledBack('b', { modelId: 'a', since: 3 }, 4)]
      expect(fold(paths, again)).toMatchObject({ champion: 'a', refused: ['model_barred', 'model_barred', 'model_barred'] })
    }
  })

  it('has an id made of what was decided by what, not of when it was written', () => {
    const expected = { modelId: 'a', since: 1 }
    expect(byLearner('b', expected, 2).eventId).toBe(byLearner('b', expected, 9).eventId)
    expect(byLearner('b', expected, 2).eventId).not.toBe(byLearner('b', { ...expected, since: 2 }, 2).eventId)
    expect(byPeople('b', 2).eventId).not.toBe(byPeople('b', 9).eventId)
  })
})
