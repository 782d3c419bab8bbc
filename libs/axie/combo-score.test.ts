import { describe, expect, it } from 'vitest'
import { sampleItems, sampleProfiles } from '#lib/market/testing/market-samples.ts'
import type { LeaderboardAxie } from '#schemas/types.ts'
import { comboScoreOf, createLeaderboard, noLeaderboard } from './combo-score.ts'

const profile = sampleProfiles[0]!
const leader = (rank: number, changes: Partial<LeaderboardAxie> = {}): LeaderboardAxie => ({
  tokenId: String(rank),
  rank,
  class: 'Plant',
  parts: sampleItems[0]!.parts,
  ...changes,
})
const otherHorn = sampleItems[4]!.parts

describe('combo score', () => {
  it('is 1 where the whole class plays these battle parts, and 0 without a leaderboard or class', () => {
    expect(comboScoreOf(createLeaderboard([leader(1), leader(300)]).comboOf(profile))).toBe(1)
    expect(comboScoreOf(noLeaderboard.comboOf(profile))).toBe(0)
    expect(comboScoreOf(createLeaderboard([leader(1, { class: 'Bird' })]).comboOf(profile))).toBe(0)
  })

  it('shares pairs and triples with axies that differ in one part', () => {
    const combo = createLeaderboard([leader(1, { parts: otherHorn })]).comboOf(profile)
    expect(combo).toEqual({ parts: 3 / 4, pairs: 3 / 6, triples: 1 / 4, quad: 0 })
    expect(comboScoreOf(combo)).toBeCloseTo((3 / 6 + 1 / 4) / 3, 12)
  })

  it('weighs the axies of better players more', () => {
    const quad = (rank: number): number => createLeaderboard([leader(rank), leader(200, { parts: otherHorn })]).comboOf(profile).quad
    expect(quad(1)).toBeGreaterThan(quad(200))
    expect(quad(200)).toBe(1 / 2)
    expect(quad(100_000)).toBeGreaterThan(0)
  })

  it('leaves out axies whose class or parts it does not know', () => {
    const strangers = [leader(1, { class: 'Dragon' }), leader(2, { parts: ['horn-of-plenty'] }), leader(Number.NaN)]
    expect(createLeaderboard([...strangers, leader(9)]).comboOf(profile).quad).toBe(1)
  })
})
