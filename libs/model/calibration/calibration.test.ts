import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quantileCount, quantileLevels } from '#lib/model/quantile-head.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { aroundMedian, calibrate, fitCalibration } from './calibration.ts'

/** Forecasts that are too sure of themselves: prices spread three times as wide, and half a spread higher. */
function overconfident(rows: number, seed: number) {
  const random = createRandom(seed)
  const spreads = Array.from({ length: rows }, () => 0.1 + random.uniform())
  return {
    quantiles: Float64Array.from(spreads.flatMap((spread) => [-1.2, -0.5, 0, 0.5, 1.2].map((place) => place * spread))),
    targets: Float64Array.from(spreads, (spread) => spread * (2.2 * random.normal() + 0.5)),
  }
}

const sharesBelow = ({ quantiles, targets }: ReturnType<typeof overconfident>): number[] =>
  quantileLevels.map(
    (_, k) => targets.filter((target, row) => target < (quantiles[row * quantileCount + k] as number)).length / targets.length,
  )

describe('calibration', () => {
  test('gives each quantile its share of later prices', () => {
    const calibration = fitCalibration(overconfident(2_000, 1).quantiles, overconfident(2_000, 1).targets)
    const later = overconfident(4_000, 2)
    calibrate(calibration, later.quantiles)
    sharesBelow(later).forEach((share, k) => {
      expect(Math.abs(share - (quantileLevels[k] as number))).toBeLessThan(0.025)
    })
  })

  test('around the median of a model that was fitted again leaves that where it is, and the others as far from it', () => {
    const { quantiles, targets } = overconfident(2_000, 1)
    const calibration = fitCalibration(quantiles, targets)
    const [moved, kept] = [quantiles.slice(), quantiles.slice()]
    calibrate(calibration, moved)
    calibrate(aroundMedian(calibration), kept)
    for (let at = 0; at < quantiles.length; at += quantileCount) {
      expect(kept[at + 2]).toBe(quantiles[at + 2])
      for (const k of [0, 1, 3, 4])
        expect((kept[at + k] as number) - (kept[at + 2] as number)).toBeCloseTo((moved[at + k] as number) - (moved[at + 2] as number), 9)
    }
  })

  test('changes nothing where labelled rows are too few to tell', () => {
    const few = overconfident(99, 1)
    expect(fitCalibration(few.quantiles, few.targets)).toEqual({ shifts: [0, 0, 0, 0, 0], rows: 99 })
  })

  test('quantiles never cross afterwards, whatever the shifts', () => {
    const finite = fc.double({ min: -5, max: 5, noNaN: true })
    fc.assert(
      fc.property(fc.array(finite, { minLength: 5, maxLength: 5 }), fc.array(finite, { minLength: 5, maxLength: 5 }), (row, shifts) => {
        const quantiles = Float64Array.from(row).sort()
        calibrate({ shifts, rows: 1_000 }, quantiles)
        expect(Array.from(quantiles)).toEqual(Array.from(quantiles.slice().sort()))
      }),
    )
  })
})
