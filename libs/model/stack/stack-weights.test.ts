import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pinballLoss, quantileLevels } from '#lib/model/quantile-head.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { combine, fitWeights } from './stack-weights.ts'

const rows = 2_000
/** Quantiles around the truth, moved by errors of its own: a member that knows something. */
function member(targets: Float64Array, seed: number, error: number): Float64Array {
  const random = createRandom(seed)
  return Float64Array.from({ length: targets.length * 5 }, (_, index) => {
    return (targets[Math.floor(index / 5)] as number) + error * random.normal() + ((index % 5) - 2) * 0.1
  })
}
const targets = Float64Array.from({ length: rows }, (_, row) => Math.sin(row))
const lossOf = (forecast: Float64Array): number =>
  forecast.reduce((sum, value, index) => {
    return sum + pinballLoss(quantileLevels[index % 5] as number, targets[Math.floor(index / 5)] as number, value)
  }, 0)

describe('the weights of a stack', { timeout: 60_000 }, () => {
  test('of members equally good and independent are about equal, and together they err less than each', () => {
    const forecasts = [member(targets, 1, 0.3), member(targets, 2, 0.3)]
    const weights = fitWeights({ forecasts, targets, leastWeight: 0.02 })
    expect(weights[0]).toBeCloseTo(0.5, 1)
    expect(lossOf(combine(forecasts, weights))).toBeLessThan(0.85 * Math.min(...forecasts.map(lossOf)))
  })

  test('leave out a member that brings nothing', () => {
    const forecasts = [member(targets, 1, 0.1), member(targets, 2, 3)]
    expect(fitWeights({ forecasts, targets, leastWeight: 0.02 })).toEqual([1, 0])
  })

  test('are within a thousandth of the best there are', () => {
    const forecasts = [member(targets, 1, 0.2), member(targets, 2, 0.4)]
    const found = lossOf(combine(forecasts, fitWeights({ forecasts, targets, leastWeight: 0 })))
    const best = Math.min(...Array.from({ length: 101 }, (_, percent) => lossOf(combine(forecasts, [percent / 100, 1 - percent / 100]))))
    expect(found).toBeLessThan(best * 1.001)
  })

  test('are never negative and sum to 1', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer(), fc.double({ min: 0, max: 5, noNaN: true })), { minLength: 1, maxLength: 4 }),
        (members) => {
          const few = targets.subarray(0, 30)
          const weights = fitWeights({
            forecasts: members.map(([seed, error]) => member(few, seed, error)),
            targets: few,
            leastWeight: 0.02,
          })
          expect(weights.every((weight) => weight === 0 || weight >= 0.02)).toBe(true)
          expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9)
        },
      ),
      { numRuns: 20 },
    )
  })
})
