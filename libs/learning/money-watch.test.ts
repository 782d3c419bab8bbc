import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { initialMoneyState, type MoneyState, nextMoneyState, moneyWatchSettings as settings } from './money-watch.ts'

const day = (matured: number, gained: number, net = 0) => ({ matured, gained, gainUsd: Math.max(0, net), lossUsd: Math.max(0, -net) })

/** After how many outcomes of this share a state changes, looked at after each; null: not within the number given. */
function outcomesUntilDecision(start: MoneyState, share: number, seed: number, most: number): number | null {
  const random = createRandom(seed)
  let state = start
  for (let outcome = 1; outcome <= most; outcome++) {
    const { state: next, decision } = nextMoneyState(state, day(1, random.uniform() < share ? 1 : 0), settings)
    if (decision !== null) return outcome
    state = next
  }
  return null
}

const markets = Array.from({ length: 1_000 }, (_, seed) => seed + 1)
const paused: MoneyState = { name: 'paused', why: '', tally: { matured: 0, gained: 0, netUsd: 0 } }
const decided = (start: MoneyState, share: number, most: number) =>
  markets.flatMap((seed) => outcomesUntilDecision(start, share, seed, most) ?? []).sort((a, b) => a - b)

describe('the watch over what a rule earns', () => {
  test('a rule that keeps its promise is ever paused in at most 1% of markets, looked at after each of 300 outcomes', () => {
    expect(decided(initialMoneyState, settings.promised, 300).length / markets.length).toBeLessThanOrEqual(settings.alpha)
  })

  test('one that gains a quarter of the time is paused, after 36 outcomes in the median', () => {
    const outcomes = decided(initialMoneyState, 0.25, 300)
    expect(outcomes.length / markets.length).toBeGreaterThan(0.99)
    expect(outcomes[outcomes.length >> 1]).toBe(36)
  })

  test('a paused one that has not become better is ever resumed in at most 5%; one that gains half of the time is', () => {
    expect(decided(paused, settings.resumeAbove, 300).length / markets.length).toBeLessThanOrEqual(settings.resumeAlpha)
    expect(decided(paused, 0.5, 300).length / markets.length).toBeGreaterThan(0.95)
  })

  test('few outcomes say nothing, however bad', () => {
    expect(nextMoneyState(initialMoneyState, day(19, 0), settings).decision).toBeNull()
    expect(nextMoneyState(initialMoneyState, day(20, 0), settings).decision?.kind).toBe('pause_rule')
  })

  test('a loss beyond the limit pauses at once, and says why and what resumes it', () => {
    const { state } = nextMoneyState(initialMoneyState, day(2, 1, -400), settings)
    const { decision } = nextMoneyState(state, day(1, 0, -101), settings)
    expect(decision).toEqual({
      kind: 'pause_rule',
      reason:
        'its alerts lost $501, more than the limit of $500. Its posts resume by themselves when at least 20 later outcomes show that more than 35% gain and none is lost in sum, or by flipstream controls resume-rule',
    })
  })

  test('what was earned before the pause does not count for the way back, and what was lost before does not stand in it', () => {
    const { state } = nextMoneyState(initialMoneyState, day(40, 5, -800), settings)
    expect(nextMoneyState(state, day(30, 22, 10), settings).decision).toEqual({
      kind: 'resume_rule',
      reason: '22 of the 30 alerts since the pause gained, $10 in all',
    })
    expect(nextMoneyState(state, day(30, 22, -10), settings).decision).toBeNull()
  })
})
