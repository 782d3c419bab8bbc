import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWeighted, insertWeighted, mergeWeighted, totalWeight, type Weighted, weightedMean, weightedQuantile } from './weighted.ts'

type Pair = Readonly<{ value: number; weight: number }>

/** Few different values, so that many are equal. */
const pairs = fc.array(fc.record({ value: fc.integer({ min: -3, max: 3 }), weight: fc.integer({ min: 1, max: 4 }) }), { maxLength: 12 })

const sorted = (some: readonly Pair[]): Pair[] => [...some].sort((a, b) => a.value - b.value || a.weight - b.weight)
const pairsOf = ({ count, values, weights }: Weighted): Pair[] =>
  Array.from({ length: count }, (_, place) => ({ value: values[place] as number, weight: weights[place] as number }))

function filled(some: readonly Pair[], capacity = some.length): Weighted {
  const weighted = createWeighted(capacity)
  for (const { value, weight } of some) insertWeighted(weighted, value, weight)
  return weighted
}

describe('values with weights', () => {
  test('stand in order, however they came', () => {
    fc.assert(
      fc.property(pairs, (some) => {
        expect(pairsOf(filled(some))).toEqual(sorted(some))
      }),
    )
  })

  test('merged, are as if they had come one by one', () => {
    fc.assert(
      fc.property(pairs, pairs, (own, other) => {
        const into = filled(own, own.length + other.length)
        mergeWeighted(into, filled(other), 0.25)
        expect(pairsOf(into)).toEqual(sorted([...own, ...other.map(({ value, weight }) => ({ value, weight: weight / 4 }))]))
      }),
    )
  })

  test('have a total, a mean and quantiles', () => {
    const some = filled([
      { value: 3, weight: 1 },
      { value: 1, weight: 2 },
      { value: 2, weight: 1 },
    ])
    expect(totalWeight(some)).toBe(4)
    expect(weightedMean(some, 4)).toBe(7 / 4)
    expect(weightedMean(some, 4, 3)).toBe(1)
    expect([0.25, 0.5, 0.6, 0.75, 1].map((share) => weightedQuantile(some, 4, share))).toEqual([1, 1, 2, 2, 3])
    expect(weightedQuantile(createWeighted(1), 0, 0.5)).toBeNaN()
  })
})
