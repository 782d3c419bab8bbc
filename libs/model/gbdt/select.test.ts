import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quantileOf } from './select.ts'

/** By sorting. */
function reference(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number]
  return below + (place % 1) * (above - below)
}

test('finds any quantile without sorting, whatever the values are and however often they occur', () => {
  const numbers = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 }))
  fc.assert(
    fc.property(fc.array(numbers, { minLength: 1, maxLength: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      expect(quantileOf(Float64Array.from(values), share)).toBeCloseTo(reference(values, share), 9)
    }),
    { numRuns: 500 },
  )
})

test('of sorted, reversed and equal values too', () => {
  const ascending = Array.from({ length: 10_001 }, (_, index) => index)
  expect(quantileOf(Float64Array.from(ascending), 0.25)).toBe(2_500)
  expect(quantileOf(Float64Array.from(ascending.toReversed()), 0.95)).toBe(9_500)
  expect(quantileOf(new Float64Array(10_000).fill(7), 0.5)).toBe(7)
  expect(quantileOf(new Float64Array(0), 0.5)).toBe(0)
})
