import { describe, expect, it } from 'vitest'
import type { DecisionEvidence, ModelsCompared, PairedLosses } from '#schemas/types.ts'
import {
  bar,
  type Challenger,
  type Decision,
  initialJudgeState,
  type JudgeState,
  nameChallenger,
  next,
  putInForce,
  withVeto,
} from './judge.ts'
import { learningSettings as settings } from './settings.ts'
import { ruleId } from './verdict.ts'

const hour = 3_600_000
const model = (modelId: string, trainedUntil = 0): Challenger => ({ modelId, featureSetHash: 'f', trainedUntil })

const promoted = (state: JudgeState, modelId: string, since: number, evidence: DecisionEvidence | null = null): JudgeState =>
  putInForce(state, { modelId, featureSetHash: 'f', trainedUntil: 0, since, evidence, isRollback: false })

const championA = promoted(initialJudgeState, 'a', 0)

/** 200 sales that the other model forecasts better than the champion by `share`. */
const losses = (modelId: string, share: number): PairedLosses => ({
  modelId,
  sales: 200,
  championLoss: 200 * 0.06,
  difference: 200 * 0.06 * share,
  squares: 200 * (0.02 ** 2 + (0.06 * share) ** 2),
})

const rule = losses(ruleId, -0.4)

/** Feeds blocks in which each model is better by that share; stops at the first decision. */
function play(
  state: JudgeState,
  shares: Readonly<Record<string, number>>,
  blocks = 200,
): { state: JudgeState; decision: Decision | null; blocks: number } {
  const { champion } = state
  if (champion === null) throw new Error('no champion')
  let now = state
  for (let count = 0; count < blocks; count++) {
    const to = champion.since + (now.block + 1) * hour
    const others = [rule, ...Object.entries(shares).map(([modelId, share]) => losses(modelId, share))]
    const compared: ModelsCompared = {
      block: now.block,
      champion: { modelId: champion.modelId, since: champion.since },
      from: to - hour,
      to,
      others,
      alertedSales: 0,
    }
    const judged = next(now, compared, settings)
    now = judged.state
    if (judged.decision !== null) return { state: now, decision: judged.decision, blocks: count + 1 }
  }
  return { state: now, decision: null, blocks }
}

describe('a challenger', () => {
  it('that is better is promoted, with the champion that it expects and its evidence', () => {
    const { decision, blocks } = play(nameChallenger(championA, model('b'), 0), { b: 0.05 })
    expect(decision).toMatchObject({ kind: 'promote', modelId: 'b', expected: { modelId: 'a', since: 0 }, bars: null })
    expect(decision?.evidence.lower).toBeGreaterThan(0)
    expect(decision?.evidence.block).toBe(blocks - 1)
    expect(decision?.reason).toContain('challenger shown better by 5.0%')
  })

  it('that is no worse is promoted where it is newer, and not where it is as old', () => {
    const champion = { ...championA.champion!, trainedUntil: 5 }
    const decisionOn = (trainedUntil: number) =>
      play(nameChallenger({ ...championA, champion }, model('b', trainedUntil), 0), { b: 0 }).decision
    expect(decisionOn(6)).toMatchObject({ kind: 'promote', modelId: 'b' })
    expect(decisionOn(5)).toBeNull()
  })

  it('is promoted without being shown better only out of what the allowance has left', () => {
    const first = play(nameChallenger(championA, model('b', 1), 0), { b: 0 })
    const cost = -first.decision!.evidence.lower
    expect(cost).toBeGreaterThan(0.02)
    const second = promoted(nameChallenger(first.state, model('c', 2), 9), 'b', 10, first.decision!.evidence)
    expect(second.spent).toBeCloseTo(cost)
    const next = play(nameChallenger(second, model('c', 2), 10), { c: 0, a: 0 })
    // What it may lose must be known much more exactly by then, or it is not promoted at all.
    if (next.decision !== null) expect(cost - next.decision.evidence.lower).toBeLessThanOrEqual(settings.allowance)
    expect(next.blocks).toBeGreaterThan(first.blocks)
  })

  it('that is worse is not promoted, makes room, and the one that waits is compared', () => {
    const state = nameChallenger(nameChallenger(championA, model('b'), 0), model('c'), 1)
    expect(state).toMatchObject({ challenger: { modelId: 'b' }, waiting: { modelId: 'c' } })
    const { state: after, decision } = play(state, { b: -0.05, c: 0 }, 60)
    expect(decision).toBeNull()
    expect(after).toMatchObject({ challenger: { modelId: 'c' }, waiting: null })
  })

  it('that is losing gives its place to a newer one at once', () => {
    const { state } = play(nameChallenger(championA, model('b'), 0), { b: -0.01 }, 3)
    expect(nameChallenger(state, model('c'), 4 * hour)).toMatchObject({
      challenger: { modelId: 'c', comparison: { sales: 0 } },
      waiting: null,
    })
  })

  it('makes room when its tenure is over', () => {
    const named = nameChallenger(championA, model('b'), 0)
    expect(play(named, { b: 0.0001 }, 168).state.challenger?.modelId).toBe('b')
    expect(play(named, { b: 0.0001 }, 169).state.challenger).toBeNull()
  })

  it('worse than the rule that needs no model is not promoted, though the champion is worse still', () => {
    const { decision } = play(nameChallenger(championA, model('b'), 0), { b: 0.05, [ruleId]: 0.2 })
    expect(decision).toBeNull()
  })

  it('is not promoted while people hold decisions, nor while money vetoes', () => {
    const named = nameChallenger(championA, model('b'), 0)
    expect(play({ ...named, isHeld: true }, { b: 0.05 }).decision).toBeNull()
    const vetoed = withVeto(named, { rule: 'steal', vetoes: true })
    expect(play(vetoed, { b: 0.05 }).decision).toBeNull()
    expect(play(withVeto(vetoed, { rule: 'steal', vetoes: false }), { b: 0.05 }).decision).toMatchObject({ kind: 'promote' })
  })
})

describe('a promoted model', () => {
  const inForce = promoted(nameChallenger(championA, model('b'), 0), 'b', 10)

  it('that is shown better than the one before owes nothing any more', () => {
    expect(play({ ...inForce, spent: 0.02 }, { a: -0.1 }, 60).state.spent).toBe(0)
    expect(play({ ...inForce, spent: 0.02 }, { a: 0 }, 60).state.spent).toBe(0.02)
  })

  it('that turns out worse than the one before is rolled back and barred', () => {
    const { decision } = play(inForce, { a: 0.1 })
    expect(decision).toMatchObject({ kind: 'roll back', modelId: 'a', expected: { modelId: 'b', since: 10 }, bars: 'b' })
  })

  it('is rolled back though money vetoes promotions', () => {
    expect(play(withVeto(inForce, { rule: 'steal', vetoes: true }), { a: 0.1 }).decision?.kind).toBe('roll back')
  })

  it('is not put in force again after its rollback, whatever comes', () => {
    const back = bar(
      putInForce(inForce, { modelId: 'a', featureSetHash: 'f', trainedUntil: 0, since: 20, evidence: null, isRollback: true }),
      'b',
      20,
    )
    expect(back).toMatchObject({ champion: { modelId: 'a' }, previous: null, challenger: null })
    expect(play(back, { b: 0.2 }).decision).toBeNull()
  })
})

describe('a block', () => {
  it('that was judged already, or is of another champion, changes nothing', () => {
    const state = nameChallenger(championA, model('b'), 0)
    const block: ModelsCompared = {
      block: 0,
      champion: { modelId: 'a', since: 0 },
      from: 0,
      to: hour,
      others: [losses('b', 0.1)],
      alertedSales: 0,
    }
    const once = next(state, block, settings).state
    expect(next(once, block, settings).state).toBe(once)
    expect(next(state, { ...block, champion: { modelId: 'a', since: 1 } }, settings).state).toBe(state)
  })

  it('leaves a state that is as small as what is carried beside an offset must be', () => {
    const long = (name: string) => model(`${name}${'x'.repeat(30)}`)
    const state = nameChallenger(nameChallenger(promoted(championA, long('b').modelId, 1), long('c'), 1), long('d'), 1)
    expect(JSON.stringify(play(state, { [long('c').modelId]: 0.001 }, 5).state).length).toBeLessThan(1_500)
  })
})
