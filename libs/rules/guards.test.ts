import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { guarded, guardsSchema, guardWords } from './guards.ts'
import { defaultRules, presets } from './presets.ts'
import { rejectionWords } from './rejection.ts'
import { parseRuleSet } from './rule-set.ts'
import { sampleScored } from './testing/scored-listing-samples.ts'

describe('guards', () => {
  it('decide in the order of the table, and each names its reason', () => {
    const { guards } = defaultRules
    expect([...guarded(guards, sampleScored)].map(({ reason, comparison }) => `${reason}: ${comparison.what}`)).toEqual([
      'absurd_price: ask',
      'absurd_price: ask',
      'absurd_price: ask',
      'model_too_old: age of the model',
      'novel: novelty',
      'stale: age of the listing',
      'bulk_seller: other listings of the seller in the last hour',
    ])
    for (const [reason, words] of Object.entries(guardWords)) expect(rejectionWords(reason)).toBe(words)
  })

  it('a stored set from before any of them is read, and lets everything through', () => {
    const { guards } = parseRuleSet(canonicalJson({ ...defaultRules, guards: {} }))
    const { minimumAskUsd, maximumAskUsd, ...others } = guards
    expect([minimumAskUsd, maximumAskUsd]).toEqual([0, 1e9])
    expect(new Set(Object.values(others))).toEqual(new Set([Number.MAX_SAFE_INTEGER]))
  })

  it('every preset is valid as it stands: a guard that came later is optional', () => {
    for (const { guards } of presets.values()) expect(guardsSchema.parse(guards)).toEqual(guards)
  })
})
