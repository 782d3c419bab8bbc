import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judge } from '#lib/rules/judge.ts'
import { defaultRules, defaultRulesHash, presets } from '#lib/rules/presets.ts'
import { type RuleSet, rulesHashOf } from '#lib/rules/rule-set.ts'
import { anyScored, sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { Input } from '#lib/stream/processor.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { type AlerterState, createAlerterProcessor } from './alerter.ts'

const hour = 3_600_000
const processor = createAlerterProcessor({ ruleSet: (hash) => presets.get(hash) })

const inputs = (values: readonly ScoredListing[]): Input<ScoredListing>[] =>
  values.map((value, offset) => ({
    value,
    record: { topic: 'listings.scored', partition: 0, offset, timestamp: 0, key: null, headers: {} },
  }))

const decide = (values: readonly ScoredListing[], state = processor.initial(undefined)) => processor.process(inputs(values), state)

const outcomes = (values: readonly ScoredListing[]) =>
  decide(values).map((result) => (result.type === 'emit' ? 'alert' : result.type === 'skip' ? result.reason : result.code))

const at = (hours: number, usd = 80) =>
  scoredWith({ listing: { observedAt: sampleTime + hours * hour }, ask: { usd, eth: usd / 3_000, startedAt: sampleTime + hours * hour } })

describe('alerter', () => {
  it('turns a bargain into an alert, keyed by its axie, with its evidence', () => {
    expect(decide([sampleScored])).toEqual([
      {
        type: 'emit',
        outputs: [
          {
            topic: 'alerts',
            key: 'axie:5016355',
            value: {
              alertId: `${sampleScored.listing.listingId}:default`,
              listingId: sampleScored.listing.listingId,
              rule: 'default',
              rulesHash: defaultRulesHash,
              channel: null,
              reason:
                'asks $80.00; sold at the lower quartile of our forecast, $130.00, it leaves $124.48 after the 4.25% fee, 1.56 times the ask (rule: 1.3); the next similar ask is $150.00',
              netGainUsd: 151 * 0.9575 - 80,
              netGainLowUsd: 130 * 0.9575 - 80,
              deadlineMillis: 120_000,
              scored: sampleScored,
            },
          },
        ],
      },
    ])
  })

  it('says why it stays silent', () => {
    expect(outcomes([scoredWith({ ask: { usd: 140 } }), scoredWith({ novelty: 2 })])).toEqual(['below_margin', 'novel'])
  })

  it('leaves a small record of a candidate that it rejects, so that what was missed can be told later', () => {
    const { listing, quantilesUsd, modelId } = sampleScored
    expect(decide([scoredWith({ novelty: 2 })])).toEqual([
      {
        type: 'skip',
        reason: 'novel',
        outputs: [
          {
            topic: 'candidates.rejected',
            key: 'axie:5016355',
            value: {
              listingId: listing.listingId,
              tokenId: '5016355',
              breedCount: listing.item.breedCount,
              rule: 'default',
              rulesHash: defaultRulesHash,
              reason: 'novel',
              source: listing.source,
              modelId,
              observedAt: listing.observedAt,
              startedAt: listing.ask.startedAt,
              askUsd: 80,
              askEth: listing.ask.eth,
              quantilesUsd,
              netGainUsd: 151 * 0.9575 - 80,
              netGainLowUsd: 130 * 0.9575 - 80,
            },
          },
        ],
      },
    ])
  })

  it('a candidate that one rule rejects and another passes is no candidate rejected', () => {
    const [rule] = defaultRules.rules
    const doubtful = { ...rule!, name: 'doubtful', secondCheck: { ...rule!.secondCheck, minimumAskRatio: 9 } } as RuleSet['rules'][number]
    const { initial, process } = createAlerterProcessor({ ruleSet: () => ({ ...defaultRules, rules: [doubtful, rule!] }) })
    expect(process(inputs([sampleScored]), initial(undefined))).toMatchObject([
      { type: 'emit', outputs: [{ topic: 'alerts', value: { rule: 'default' } }] },
    ])
  })

  it('judges by the rules that the record names, and by the default where it names none', () => {
    const generous: RuleSet = { ...defaultRules, guards: { ...defaultRules.guards, maximumNovelty: 5 } }
    const hash = rulesHashOf(generous)
    const { initial, process } = createAlerterProcessor({ ruleSet: (name) => (name === hash ? generous : presets.get(name)) })
    const results = process(
      inputs([scoredWith({ novelty: 2, listing: { rulesHash: hash } }), scoredWith({ novelty: 2 })]),
      initial(undefined),
    )
    expect(results).toMatchObject([
      { type: 'emit', outputs: [{ value: { rulesHash: hash } }] },
      { type: 'skip', reason: 'novel' },
    ])
  })

  it('stops rather than guess when rules were not loaded', () => {
    expect(() => decide([scoredWith({ listing: { rulesHash: 'f'.repeat(64) } })])).toThrow(/not loaded/)
  })

  describe('cool-down', () => {
    it('does not repeat itself about an axie within six hours', () => {
      expect(outcomes([at(0), at(5.9), at(12)])).toEqual(['alert', 'cooldown', 'alert'])
    })

    it('a silenced candidate silences too', () => {
      expect(outcomes([at(0), at(5), at(10), at(15), at(21)])).toEqual(['alert', 'cooldown', 'cooldown', 'cooldown', 'alert'])
    })

    it('speaks up again when the ask falls by ten percent', () => {
      expect(outcomes([at(0), at(1, 75), at(2, 67), at(3, 71)])).toEqual(['alert', 'cooldown', 'alert', 'cooldown'])
    })

    it('is about one axie only', () => {
      const other = scoredWith({ listing: { item: { ...sampleScored.listing.item, tokenId: '42' } } })
      expect(outcomes([at(0), other])).toEqual(['alert', 'alert'])
    })

    it('law: within any cool-down, alerts about an axie ask ever less, by ten percent each', () => {
      fc.assert(
        fc.property(fc.array(anyScored, { maxLength: 60 }), (values) => {
          const alerts: { at: number; token: string; usd: number }[] = []
          let clock = 0
          decide(values).forEach((result, index) => {
            const { observedAt, item, ask } = values[index]!.listing
            clock = Math.max(clock, observedAt)
            if (result.type !== 'emit') return
            for (const earlier of alerts.filter(({ at, token }) => token === item.tokenId && at > clock - 6 * hour))
              expect(ask.usd).toBeLessThan(earlier.usd * 0.9)
            alerts.push({ at: clock, token: item.tokenId, usd: ask.usd })
          })
        }),
      )
    })
  })

  describe('limit', () => {
    const limited: RuleSet = { ...defaultRules, rules: [{ ...defaultRules.rules[0]!, maximumAlertsPerHour: 2, channel: 'bargains' }] }
    const limiting = createAlerterProcessor({ ruleSet: () => limited })
    const hourOf = (minutes: number[]) =>
      limiting
        .process(
          inputs(
            minutes.map((minute, index) =>
              scoredWith({
                listing: { observedAt: sampleTime + minute * 60_000, item: { ...sampleScored.listing.item, tokenId: String(index) } },
                ask: { startedAt: sampleTime + minute * 60_000 },
              }),
            ),
          ),
          limiting.initial(undefined),
        )
        .map((result) => (result.type === 'skip' ? result.reason : 'alert'))

    it('lets the first of each hour through, and begins anew with the next', () => {
      expect(hourOf([0, 10, 20, 59, 60, 61, 62])).toEqual([
        'alert',
        'alert',
        'hourly_limit',
        'hourly_limit',
        'alert',
        'alert',
        'hourly_limit',
      ])
    })

    it('an alert says where its rule wants it told', () => {
      expect(limiting.process(inputs([sampleScored]), limiting.initial(undefined))).toMatchObject([
        { outputs: [{ value: { channel: 'bargains' } }] },
      ])
    })
  })

  it('law: an alert was passed by its rule, and only the cool-down stands between the rule and the alert', () => {
    fc.assert(
      fc.property(fc.array(anyScored, { maxLength: 40 }), (values) => {
        decide(values).forEach((result, index) => {
          const verdict = judge(defaultRules.rules[0]!, defaultRules, values[index]!)
          if (result.type === 'emit') expect(verdict.type).toBe('passed')
          else if (result.type === 'skip' && result.reason === 'cooldown') expect(verdict.type).toBe('passed')
          else if (verdict.type === 'rejected') expect(result).toMatchObject({ type: 'skip', reason: verdict.reason })
          else expect(result).toEqual({ type: 'skip', reason: 'below_margin' })
        })
      }),
    )
  })

  it('law: how records are cut into batches does not matter', () => {
    fc.assert(
      fc.property(fc.array(anyScored, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (values, size) => {
        const state = processor.initial(undefined)
        const cut = []
        for (let start = 0; start < values.length; start += size) cut.push(...decide(values.slice(start, start + size), state))
        expect(cut).toEqual(decide(values))
      }),
    )
  })

  it('law: restored from the last 25 hours = never disturbed, at any cut', () => {
    const { memory } = processor
    fc.assert(
      fc.property(fc.array(anyScored, { minLength: 1, maxLength: 80 }), fc.nat(), (values, where) => {
        const cut = where % values.length
        const all = inputs(values)
        const undisturbed = processor.initial(undefined)
        processor.process(all.slice(0, cut), undisturbed)

        const clock = Math.max(...all.slice(0, cut).map(memory!.clockOf), Number.NEGATIVE_INFINITY)
        const restoreFrom = all.findIndex((input) => memory!.clockOf(input) >= clock - memory!.horizonMillis)
        const restored = processor.initial(undefined)
        processor.process(all.slice(Math.min(restoreFrom === -1 ? cut : restoreFrom, cut), cut), restored)

        expect(visible(restored)).toEqual(visible(undisturbed))
        expect(processor.process(all.slice(cut), restored)).toEqual(processor.process(all.slice(cut), undisturbed))
      }),
      { numRuns: 500 },
    )
  })

  it('forgets what is older than its horizon', () => {
    const state = processor.initial(undefined)
    for (let hours = 0; hours < 24 * 30; hours++) {
      decide([at(hours)], state)
      expect(state.order.length).toBeLessThanOrEqual(24)
    }
    expect([...state.candidates.values()].flat()).toHaveLength(state.order.length)
  })
})

const visible = ({ clock, candidates, order, hour }: AlerterState) => ({
  clock,
  candidates: Object.fromEntries(candidates),
  order,
  hour: { number: hour.number, counts: Object.fromEntries(hour.counts) },
})
