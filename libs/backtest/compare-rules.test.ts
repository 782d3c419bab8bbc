import { describe, expect, test } from 'vitest'
import { defaultRules } from '#lib/rules/presets.ts'
import type { RuleSet } from '#lib/rules/rule-set.ts'
import { sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { createRulesContest } from './compare-rules.ts'
import { sold, start } from './testing/backtest-samples.ts'

const hour = 3_600_000
const record = { topic: 'listings.scored', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
const rulesOf = (name: string, when: string): RuleSet => ({
  ...defaultRules,
  name,
  rules: [{ ...defaultRules.rules[0]!, name, forecast: { kind: 'expression', when }, secondCheck: { kind: 'none' } }],
})
const item = (tokenId: string) => ({
  tokenId,
  class: 'Aquatic',
  breedCount: 1,
  genes: null,
  parts: ['eyes-telescope', 'ears-nimo', 'mouth-risky-fish', 'horn-oranda', 'back-anemone', 'tail-koi'],
  image: null,
})
const at = (time: number): number => (time - start) / hour
/** Sold again four hours after it was listed, for $150; the other for $20. */
const sales = [sold(item('1'), at(sampleTime) + 4, 150), sold(item('2'), at(sampleTime) + 5, 20)]
const listed = (tokenId: string, usd: number) =>
  scoredWith({ listing: { listingId: `axie:${tokenId}:1`, item: { ...scoredWith({}).listing.item, tokenId } }, ask: { usd } })

describe('rules beside those in force', () => {
  const contest = createRulesContest(rulesOf('tried', 'ask.usd < 90.0'), { sales, inForce: rulesOf('old', 'ask.usd > 90.0') })
  contest.add(listed('1', 80), record)
  contest.add(listed('2', 100), { ...record, partition: 1 })
  const money = contest.result()!

  test('are judged on the same listings, by what they were really resold for', () => {
    expect(money.tried).toMatchObject({ name: 'tried', picks: 1, exits: { resold: 1 }, gainedShare: 1 })
    expect(money.inForce).toMatchObject({ name: 'old', picks: 1, exits: { resold: 1 }, gainedShare: 0 })
    expect(money.difference.moreUsdPerDay).toBeCloseTo((150 - 20) * (1 - 0.0425) - 80 + 100)
  })

  test('one day claims nothing', () => {
    expect(money).toMatchObject({ countedDays: 0, difference: { interval: null, separates: null } })
  })

  test('without sales or listings there is no money to count', () => {
    expect(createRulesContest(defaultRules, { sales, inForce: defaultRules }).result()).toBeNull()
  })
})
