import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { median } from '#lib/numbers/median.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { judge, netGainUsd } from './judge.ts'
import { classicRules, defaultRules, liveRules } from './presets.ts'
import { anyScored, sampleAsk, sampleSale, sampleScored, sampleTime, scoredWith } from './testing/scored-listing-samples.ts'

const byDefault = (scored: ScoredListing) => judge(defaultRules.rules[0]!, defaultRules, scored)
const byClassic = (scored: ScoredListing) => judge(classicRules.rules[0]!, classicRules, scored)
const rejected = (reason: string) => ({ type: 'rejected', reason })
const passed = { type: 'passed' }
const noCandidate = { type: 'no_candidate' }

describe('the rule that the real market begins with', () => {
  const byLive = (scored: ScoredListing) => judge(liveRules.rules[0]!, liveRules, scored)
  const cheap = (askUsd: number, q25: number) =>
    scoredWith({
      ask: { usd: askUsd, eth: askUsd / 3_000 },
      context: { similarAsks: [sampleAsk(askUsd * 2, 2)] },
      quantilesUsd: { q05: q25, q25, q50: q25, q75: q25, q95: q25 },
    })

  it('finds bargains among axies of a few dollars, which the default leaves out', () => {
    expect([byLive(cheap(3, 4.5)), byDefault(cheap(3, 4.5))]).toEqual([passed, noCandidate])
  })

  it('wants a share of the ask and a dollar, after the fee and the gas of both transactions', () => {
    const soldFor = (usd: number) => (usd + 0.04) / (1 - 0.0425)
    expect([byLive(cheap(10, soldFor(13) + 1e-9)), byLive(cheap(10, soldFor(13) - 1e-9))]).toEqual([passed, noCandidate])
    expect([byLive(cheap(1, soldFor(2) + 1e-9)), byLive(cheap(1, soldFor(2) - 1e-9))]).toEqual([passed, noCandidate])
  })
})

describe('default rule', () => {
  it('passes a bargain', () => {
    expect(byDefault(sampleScored)).toEqual(passed)
  })

  it('wants the lower quartile after the fee to be 1.3 times the ask', () => {
    const needed = (80 * 1.3) / (1 - 0.0425)
    expect(byDefault(scoredWith({ quantilesUsd: { ...sampleScored.quantilesUsd, q25: needed + 1e-9 } }))).toEqual(passed)
    expect(byDefault(scoredWith({ quantilesUsd: { ...sampleScored.quantilesUsd, q25: needed - 1e-9 } }))).toEqual(noCandidate)
  })

  it('reads the exit where the model knows one, not the forecast', () => {
    const exit = { q05: 60, q25: 108, q50: 140, q75: 160, q95: 220 }
    expect(byDefault(scoredWith({ exit }))).toEqual(noCandidate)
    expect(byDefault(scoredWith({ exit: { ...exit, q25: 109 } }))).toEqual(passed)
  })

  it('wants a gain of five dollars, however good the ratio', () => {
    const cheap = { ask: { usd: 2, eth: 2 / 3_000 }, context: { similarAsks: [] } }
    expect(byDefault(scoredWith({ ...cheap, quantilesUsd: { q05: 5, q25: 7, q50: 8, q75: 9, q95: 10 } }))).toEqual(noCandidate)
    expect(byDefault(scoredWith({ ...cheap, quantilesUsd: { q05: 5, q25: 7.32, q50: 8, q75: 9, q95: 10 } }))).toEqual(passed)
  })

  it.each([
    ['the next similar ask is 15% dearer', [92], [], passed],
    ['the next similar ask is not 15% dearer', [91.9], [150, 150, 150], rejected('second_check_asks')],
    ['another one is cheaper still', [70, 150], [], rejected('second_check_asks')],
    ['no asks are known, and three similar sales had a median of 1.3 times the ask', [], [300, 104, 90], passed],
    ['no asks are known, and the median of the similar sales is lower', [], [103.9, 300, 90], rejected('second_check_sales')],
    ['no asks and only two similar sales are known', [], [300, 300], rejected('second_check_no_evidence')],
  ])('second check: %s', (_case, asks, sales, verdict) => {
    const context = { similarAsks: asks.map((usd) => sampleAsk(usd, 1)), similarSales: sales.map((usd) => sampleSale(usd, 1)) }
    expect(byDefault(scoredWith({ context }))).toEqual(verdict)
  })

  it.each([
    ['the model is too old', { modelTrainedUntil: sampleTime - 15 * 86_400_000 }, rejected('model_too_old')],
    ['the axie is unlike any the model saw', { novelty: 1.2 }, rejected('novel')],
    ['the novelty is not a number', { novelty: Number.NaN }, rejected('novel')],
    ['the listing has stood for more than an hour', { ask: { startedAt: sampleTime - 3_600_001 } }, rejected('stale')],
    ['a Dutch ask has stood for days', { ask: { kind: 'dutch' as const, startedAt: sampleTime - 3 * 86_400_000 } }, passed],
    ['the seller lists in bulk', { context: { sellerListings: 21 } }, rejected('bulk_seller')],
    ['the ask is as good as nothing', { ask: { usd: 0.01, eth: 1e-6 } }, rejected('absurd_price')],
    ['the ask is zero', { ask: { usd: 0, eth: 0 } }, rejected('absurd_price')],
    ['the forecast is not a number', { quantilesUsd: { ...sampleScored.quantilesUsd, q25: Number.NaN } }, noCandidate],
    ['the ask is not a number', { ask: { usd: Number.NaN } }, noCandidate],
  ])('guards: %s', (_case, change, verdict) => {
    expect(byDefault(scoredWith(change))).toEqual(verdict)
  })

  it('does not alert of what the model has never seen, unless the rule says so', () => {
    const origin = { ...sampleScored, unseen: ['title', 'level'] }
    expect(byDefault(origin)).toEqual(rejected('unseen_attribute'))
    expect(byDefault({ ...sampleScored, unseen: [] })).toEqual(passed)
    const { unseen: _, ...before } = origin
    expect(byDefault(before), 'a record from before the field').toEqual(passed)
    expect(judge({ ...defaultRules.rules[0]!, unseenAttributes: 'allow' }, defaultRules, origin)).toEqual(passed)
  })

  it('never passes a listing that breaks any clause', () => {
    fc.assert(
      fc.property(anyScored, (scored) => {
        if (byDefault(scored).type !== 'passed') return
        const { listing, quantilesUsd, novelty, modelTrainedUntil } = scored
        const { ask, context, observedAt } = listing
        expect(quantilesUsd.q25 * 0.9575).toBeGreaterThanOrEqual(ask.usd * 1.3)
        expect(quantilesUsd.q25 * 0.9575 - ask.usd).toBeGreaterThanOrEqual(5)
        expect(novelty).toBeLessThanOrEqual(1)
        expect(observedAt - modelTrainedUntil).toBeLessThanOrEqual(14 * 86_400_000)
        expect(context.sellerListings).toBeLessThanOrEqual(20)
        expect(ask.usd).toBeGreaterThanOrEqual(0.05)
        if (ask.kind === 'fixed') expect(observedAt - ask.startedAt).toBeLessThanOrEqual(3_600_000)
        const [next] = context.similarAsks
        if (next !== undefined) expect(next.usd).toBeGreaterThanOrEqual(ask.usd * 1.15)
        else expect(median(context.similarSales.map(({ usd }) => usd))).toBeGreaterThanOrEqual(ask.usd * 1.3)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('classic rule', () => {
  const classicBargain = scoredWith({ ask: { usd: 60, eth: 0.02 } })

  it('passes more than twice the ask and more than $50, fee or no fee', () => {
    expect(byClassic(classicBargain)).toEqual(passed)
    expect(byClassic(scoredWith({ ask: { usd: 75.5 } }))).toEqual(noCandidate)
    const cheap = { ask: { usd: 10, eth: 10 / 3_000 } }
    expect(byClassic(scoredWith({ ...cheap, quantilesUsd: { q05: 1, q25: 40, q50: 50, q75: 60, q95: 90 } }))).toEqual(noCandidate)
  })

  it.each([
    ['the next similar ask is more than 0.02 ETH dearer', [121], [], passed],
    ['it is not, but one was sold for more', [119], [59, 61], passed],
    ['neither', [119], [59, 60], rejected('second_check_asks')],
    ['nothing is known', [], [], rejected('second_check_no_evidence')],
  ])('second check: %s', (_case, asks, sales, verdict) => {
    const context = { similarAsks: asks.map((usd) => sampleAsk(usd, 1)), similarSales: sales.map((usd) => sampleSale(usd, 1)) }
    expect(byClassic(scoredWith({ ask: { usd: 60, eth: 0.02 }, context }))).toEqual(verdict)
  })
})

describe('arithmetic', () => {
  it('net gain is what is left after fee, gas and ask', () => {
    expect(netGainUsd(100, 60, { feeRatio: 0.0425 })).toBeCloseTo(35.75, 10)
    expect(netGainUsd(100, 60, { feeRatio: 0.0425, gasUsd: 0.02 })).toBeCloseTo(35.71, 10)
  })

  it('median', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([7])).toBe(7)
  })
})
