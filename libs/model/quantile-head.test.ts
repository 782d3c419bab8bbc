import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { medianIndex, pinballGradient, pinballLoss, quantileCount, quantilesFromRaw } from './quantile-head.ts'

const rawRow = fc.array(fc.double({ min: -40, max: 40, noNaN: true }), { minLength: quantileCount, maxLength: quantileCount })

describe('the quantile head', () => {
  test('quantiles never cross, whatever the network says', () => {
    fc.assert(
      fc.property(fc.array(rawRow, { minLength: 1, maxLength: 4 }), (rows) => {
        const quantiles = Float64Array.from(rows.flat())
        quantilesFromRaw(quantiles)
        quantiles.forEach((value, index) => {
          if (index % quantileCount > 0) expect(value).toBeGreaterThanOrEqual(quantiles[index - 1] as number)
        })
      }),
    )
  })

  test('the middle output is the median itself', () => {
    const quantiles = Float64Array.from([1, 2, 3, 4, 5])
    quantilesFromRaw(quantiles)
    expect(quantiles[medianIndex]).toBe(3)
  })

  test('pinball loss asks more of the side that a quantile should rarely be on', () => {
    expect(pinballLoss(0.05, 0, 1)).toBeCloseTo(0.95)
    expect(pinballLoss(0.05, 1, 0)).toBeCloseTo(0.05)
    expect(pinballLoss(0.5, 1, 0)).toBe(pinballLoss(0.5, 0, 1))
  })

  test('the gradient is the slope of the loss', () => {
    const raw = Float32Array.from([-1.2, 0.3, 0.1, -2, 0.7, 0.4, -0.6, -0.3, 1.1, -1])
    const targets = Float32Array.from([0.35, -2])
    const gradient = new Float32Array(raw.length)
    pinballGradient(raw, targets, gradient)
    raw.forEach((value, index) => {
      const step = 1e-3
      const lossAt = (moved: number) => pinballGradient(raw.with(index, moved), targets, new Float32Array(raw.length))
      expect(gradient[index]).toBeCloseTo((lossAt(value + step) - lossAt(value - step)) / (2 * step), 3)
    })
  })
})
