import { expect, it } from 'vitest'
import { classicRules, presets } from '#lib/rules/presets.ts'
import { sampleScored, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { createAlerterProcessor } from './alerter.ts'
import { withPaperAlerts } from './paper-alerter.ts'

const alone = createAlerterProcessor({ ruleSet: (hash) => presets.get(hash) })
const both = withPaperAlerts(alone, classicRules)
const nowhere = { topic: 'listings.scored', partition: 0, offset: 0, timestamp: 0, key: null, headers: {} }
const inputs = (values: readonly ScoredListing[]) => values.map((value) => ({ value, record: nowhere }))
const topicsOf = (values: readonly ScoredListing[]) =>
  both
    .process(inputs(values), both.initial(undefined))
    .map((result) => (result.type === 'reject' ? [] : (result.outputs ?? []).map(({ topic }) => topic)))

/** Worth more than twice its ask, and more than $50. */
const bargain = scoredWith({ ask: { usd: 30, eth: 0.01 } })

it('what the ancestor’s rule would have bought is told on paper, whatever the rules in force make of it', () => {
  const unknown = scoredWith({
    ask: { usd: 30, eth: 0.01 },
    novelty: 0.5,
    listing: { item: { ...sampleScored.listing.item, tokenId: '42' } },
  })
  expect(topicsOf([sampleScored, bargain, unknown])).toEqual([['alerts'], ['alerts', 'alerts.paper'], ['alerts', 'alerts.paper']])
})

it('changes nothing of what the alerter decides, and has a memory of its own', () => {
  const values = [bargain, bargain, sampleScored, scoredWith({ novelty: 2 })]
  const alones = alone.process(inputs(values), alone.initial(undefined))
  const alerted = both
    .process(inputs(values), both.initial(undefined))
    .map((result) =>
      result.type === 'reject' || result.outputs === undefined
        ? result
        : { ...result, outputs: result.outputs.filter(({ topic }) => topic !== 'alerts.paper') },
    )
  expect(alerted).toEqual(alones)
  expect(
    topicsOf(values)
      .flat()
      .filter((topic) => topic === 'alerts.paper'),
  ).toHaveLength(1)
  expect(both.memory?.horizonMillis).toBe(alone.memory?.horizonMillis)
})
