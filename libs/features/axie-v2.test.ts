import { describe, expect, test } from 'vitest'
import { measureDefinitions, measureNumber, measureSet } from '#lib/market/measures/measures.ts'
import { sampleScored } from '#lib/rules/testing/scored-listing-samples.ts'
import type { EnrichedListing } from '#schemas/types.ts'
import { axieResidualFeatures } from './axie-v2.ts'
import { vectorOf } from './feature-set.ts'

const measures = measureDefinitions.map((_, place) => place / 10)
const names = axieResidualFeatures.features.map(({ name }) => name)

const withMeasures = (change: Record<string, number> = {}): EnrichedListing => {
  const changed = [...measures]
  for (const [name, value] of Object.entries(change)) changed[measureNumber(name)] = value
  const { listing } = sampleScored
  return { ...listing, context: { ...listing.context, measureSet, measures: changed } }
}
const feature = (name: string, enriched = withMeasures()): number => vectorOf(axieResidualFeatures, enriched)[names.indexOf(name)] as number

describe('the feature set axie-v2', () => {
  test('stands on item effect and level of residuals; on the market’s level where these are unknown', () => {
    const { levelOf } = axieResidualFeatures
    const at = (change: Record<string, number>) => levelOf(withMeasures(change).context)
    expect(at({ 'residual.reference': 3, 'residual.effect': 0.5, 'market.reference': 9 })).toBe(3.5)
    expect(at({ 'residual.reference': 3, 'residual.effect': Number.NaN, 'market.reference': 9 })).toBe(9)
    expect(at({ 'residual.reference': Number.NaN, 'market.reference': Number.NaN })).toBeNull()
    expect(levelOf({ measures: [] })).toBeNull()
  })

  test('a price of an axie’s likes is relative to that level, however the fold has it', () => {
    const listing = withMeasures({ 'c4.median': 0.2, 'market.reference': 3, 'residual.reference': 2.9, 'residual.effect': 0.4 })
    expect(feature('c4.median', listing)).toBeCloseTo(0.2 + 3 - 3.3)
    expect(feature('residual.c4.median', listing)).toBeCloseTo(measureNumber('residual.c4.median') / 10)
  })

  test('does not tell a model which day it is: neither level is among its inputs', () => {
    for (const name of ['residual.reference', 'residual.days7', 'market.reference', 'market.salesPerHour'])
      expect(names).not.toContain(name)
    const [one, other] = [0, 1].map((shift) =>
      vectorOf(axieResidualFeatures, withMeasures({ 'residual.reference': 3 + shift, 'market.reference': 3.1 + shift })),
    )
    for (const [index, name] of names.entries())
      expect({ [name]: one?.[index] }).toEqual({ [name]: expect.closeTo(other?.[index] as number, 3) })
  })

  test('holds every residual, and says of each feature what it is and where it comes from, once', () => {
    expect(new Set(names).size).toBe(names.length)
    for (const [name] of measureDefinitions)
      if (name.includes('residual.')) expect(names.includes(name), name).toBe(!/^residual\.(reference|hours24|days7|q\d+)$/.test(name))
    for (const { name, description, source } of axieResidualFeatures.features) {
      expect(description, name).not.toBe('')
      expect(source, name).toMatch(/item\.|context\./)
    }
  })
})
