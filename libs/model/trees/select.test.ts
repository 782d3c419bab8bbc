import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quantileOf } from './select.ts'

/** By sorting and counting. */
function reference(pairs: readonly (readonly [value: number, weight: number])[], share: number): number {
  const sorted = pairs.toSorted(([one], [other]) => one - other)
  const wanted = share * sorted.reduce((sum, [, weight]) => sum + weight, 0)
  const upTo = (place: number): number => sorted.slice(0, place + 1).reduce((sum, [, weight]) => sum + weight, 0)
  return (sorted.find((_, place) => upTo(place) >= wanted)?.[0] ?? Number.NaN) + 0
}

const quantile = (values: readonly number[], share: number, weights: readonly number[] = values.map(() => 1)): number =>
  quantileOf(Float64Array.from(values), Float64Array.from(weights), share)

const values = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 }))
/** Quarters are added without rounding. */
const shares = fc.integer({ min: 0, max: 4 }).map((quarters) => quarters / 4)

test('finds any quantile by weight without sorting, whatever the values are and however often they occur', () => {
  const pairs = fc.array(fc.tuple(values, fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(pairs, shares, (pairs, share) => {
      const found = quantile(
        pairs.map(([value]) => value),
        share,
        pairs.map(([, weight]) => weight),
      )
      expect(found).toBe(reference(pairs, share))
    }),
    {
      numRuns: 500,
      examples: [
        [
          [
            [-0, 1],
            [0, 1],
            [-5e-324, 1],
          ],
          0.75,
        ],
      ],
    },
  )
})

test('a value of weight 2 counts as one that is there twice', () => {
  fc.assert(
    fc.property(fc.array(values, { minLength: 1, maxLength: 50 }), shares, (some, share) => {
      expect(
        quantile(
          some,
          share,
          some.map((_, index) => 1 + (index % 2)),
        ),
      ).toBe(
        quantile(
          some.flatMap((value, index) => (index % 2 === 0 ? [value] : [value, value])),
          share,
        ),
      )
    }),
  )
})

test('of sorted, reversed and equal values too', () => {
  const ascending = Array.from({ length: 10_001 }, (_, index) => index)
  expect(quantile(ascending, 0.25)).toBe(2_500)
  expect(quantile(ascending.toReversed(), 0.95)).toBe(9_500)
  expect(quantile(Array(10_000).fill(7), 0.5)).toBe(7)
  expect(quantile([], 0.5)).toBe(0)
})
