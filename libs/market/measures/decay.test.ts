import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDecay } from './decay.ts'

test('is the power to the bit, whatever was asked before', () => {
  const halfLife = 43_200_000
  const decay = createDecay(halfLife)
  // Few seconds, so that ages meet in one place; and ages that are nine hours apart.
  const age = fc.oneof(
    fc.integer({ min: 0, max: 5_000 }),
    fc.nat(2).map((times) => times * 2 ** 15 * 1_000),
    fc.double({ min: 0, max: 1e10, noNaN: true }),
  )
  fc.assert(
    fc.property(age, (one) => Object.is(decay(one), 2 ** (-one / halfLife))),
    { numRuns: 2_000 },
  )
  expect(decay(halfLife)).toBe(0.5)
})
