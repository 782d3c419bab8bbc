import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScoredListing } from '#schemas/types.ts'
import { atAsk, explainRules } from './explain.ts'
import { describeExplanation } from './explanation-words.ts'
import { judge } from './judge.ts'
import { classicRules, defaultRules } from './presets.ts'
import type { RuleSet } from './rule-set.ts'
import { parseRulesFile } from './rules-file.ts'
import { anyScored, sampleScored, scoredWith } from './testing/scored-listing-samples.ts'

const byHand = parseRulesFile(
  `name: by hand
rules:
  - name: cheap
    when: ask.usd < 0.6 * forecast.q50 && similarSales.exists(sale, sale.usd > ask.usd)
  - name: third-sale
    when: similarSales[2].usd > ask.usd
  - name: never
    when: item.class == "dusk"
  - name: checked
    when: ask.eth < 0.05
    secondCheck: { kind: asks_else_sales, minimumAskRatio: 1.15, minimumSales: 1, minimumSalesRatio: 1.3 }
`,
  'by-hand.yaml',
)

const explained = (rules: RuleSet, scored: ScoredListing, name = rules.rules[0]!.name) =>
  explainRules(rules, scored).find(({ rule }) => rule === name)!

describe('an explanation', () => {
  it.each([defaultRules, classicRules, byHand].map((rules) => [rules.name, rules] as const))(
    'says what the alerter says, and names the ask at which that changes: %s',
    (_, rules) => {
      fc.assert(
        fc.property(anyScored, (scored) => {
          for (const [index, { verdict, reason, checks, highestAskUsd }] of explainRules(rules, scored).entries()) {
            const rule = rules.rules[index]!
            const judged = judge(rule, rules, scored)
            expect({ verdict, reason }).toEqual({ verdict: judged.type, reason: judged.type === 'rejected' ? judged.reason : null })
            expect(checks.every(({ holds }) => holds)).toBe(judged.type === 'passed')
            const passesAt = (usd: number) => judge(rule, rules, atAsk(scored, usd)).type === 'passed'
            if (highestAskUsd === null) expect([0.05, 1, 10, 100, 1_000].filter(passesAt)).toEqual([])
            else expect([highestAskUsd, highestAskUsd + 0.01].map(passesAt)).toEqual([true, false])
            if (judged.type === 'passed') expect(highestAskUsd).toBeGreaterThanOrEqual(scored.listing.ask.usd)
          }
        }),
        { numRuns: rules === byHand ? 40 : 300 },
      )
    },
  )

  it('gives every number with its limit; no ask helps where the axie is unlike any', () => {
    const { verdict, reason, checks, highestAskUsd } = explained(defaultRules, scoredWith({ novelty: 1.4 }))
    expect({ verdict, reason }).toEqual({ verdict: 'rejected', reason: 'novel' })
    expect(checks.filter(({ holds }) => !holds)).toEqual([
      {
        kind: 'numbers',
        holds: false,
        reason: 'novel',
        anyOf: [{ what: 'novelty', value: 1.4, relation: '<=', limit: 1, unit: 'plain', holds: false }],
      },
    ])
    expect(highestAskUsd).toBeNull()
  })

  it('names the ask by hand: the lower quartile after the fee is 1.3 times the ask at $95.75', () => {
    expect(130 * (1 - 0.0425)).toBeCloseTo(1.3 * 95.75, 2)
    expect(explained(defaultRules, sampleScored).highestAskUsd).toBe(95.75)
    expect(explained(defaultRules, atAsk(sampleScored, 95.754)).highestAskUsd, 'as scored, it is past 95.75').toBe(95.75)
  })

  it('keeps an ask with a fraction of a cent that passes', () => {
    const rules = { ...defaultRules, guards: { ...defaultRules.guards, maximumAskUsd: 50.004 } }
    expect(explained(rules, atAsk(sampleScored, 50.003)).highestAskUsd).toBe(50.003)
  })

  it('has what a condition asks for, and says why it cannot be answered', () => {
    const scored = scoredWith({ context: { similarSales: [] } })
    expect(explained(byHand, scored, 'third-sale').checks[0]).toMatchObject({ holds: false, problem: expect.stringContaining('index 2') })
    expect(explained(byHand, scored, 'cheap').checks[0]).toMatchObject({ evidence: { 'ask.usd': 80, 'forecast.q50': 151 } })
  })

  it('is plain JSON whatever the record says', () => {
    fc.assert(
      fc.property(anyScored, (scored) => {
        const explanation = explainRules(byHand, scored)
        expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
      }),
      { numRuns: 20 },
    )
  })

  it('is told in lines', () => {
    expect(describeExplanation(explained(defaultRules, scoredWith({ ask: { usd: 140 } })))).toEqual([
      'default: no, it is no candidate',
      '  no   exit.q25 after the fee $124.48 >= $182.00 (1.3 x the ask)',
      '  no   net gain at exit.q25 -$15.52 >= $5.00',
      '  yes  ask $140.00 >= $0.05',
      '  yes  ask $140.00 <= $1,000,000.00',
      '  yes  ask 0.02667 ETH > 0 ETH',
      '  yes  age of the model 48 h <= 336 h',
      '  yes  novelty 0.31 <= 1',
      '  yes  age of the listing 0.2 min <= 60 min',
      '  yes  other listings of the seller in the last hour 2 <= 20',
      '  yes  things the model has never seen 0 <= 0',
      '  no   next similar ask $150.00 >= $161.00 (1.15 x the ask)',
      '  passes at an ask of at most $95.75',
    ])
    expect(describeExplanation(explained(defaultRules, scoredWith({ novelty: 2 }))).at(-1)).toBe('  passes at no ask')
    expect(describeExplanation(explained(byHand, sampleScored, 'cheap'))[1]).toMatch(/^ {2}yes {2}ask\.usd < .*, where ask\.usd = 80, /)
  })
})
