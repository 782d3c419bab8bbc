import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { binRows, fitColumnBins, maxBins } from './column-bins.ts'

const number = [{ name: 'size', kind: 'number' }] as const
const bin = (fitted: number[], asked: number[]) => {
  const bins = fitColumnBins(Float32Array.from(fitted), number)
  return { bins: [...binRows([Float32Array.from(asked)], bins).bins], edges: [...(bins[0]?.edges ?? [])] }
}
const thrice = (...values: number[]) => values.flatMap((value) => [value, value, value])

describe('bins of a number', { timeout: 60_000 }, () => {
  test('few values have a bin each, with the edge half way to the next', () => {
    expect(bin(thrice(1, 2, 4), [1, 2, 4])).toEqual({ bins: [1, 2, 3], edges: [1.5, 3] })
    expect(bin(thrice(1, 2, 4), [-9, 1.4, 1.6, 99]).bins).toEqual([1, 1, 2, 3])
  })

  test('bin 0 is what is unknown', () => {
    expect(bin(thrice(1, 2), [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1]).bins).toEqual([0, 0, 0, 1])
  })

  test('values seen once or twice share a bin with their neighbours', () => {
    expect(bin([1, 2, 3, 4, 5, 6], [1, 3, 4, 6]).bins).toEqual([1, 1, 2, 2])
  })

  test('many values share bins of about equally many rows; a value that fills several has one to itself', () => {
    const values = [...Array.from({ length: 10_000 }, (_, index) => index), ...Array.from({ length: 5_000 }, () => 5_000.5)]
    const { bins, edges } = bin(values, values)
    const counts = new Int32Array(maxBins)
    for (const place of bins) counts[place] = (counts[place] as number) + 1
    const sorted = counts.slice(1).sort()
    expect(edges).toHaveLength(maxBins - 2)
    expect(sorted[0]).toBeGreaterThan(20)
    expect(sorted.at(-2)).toBeLessThan(80)
    expect(sorted.at(-1)).toBeLessThan(5_050)
  })

  test('bins keep the order of values, whatever they are, and there are never more than 255', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 2_000 }), (values) => {
        const bins = fitColumnBins(Float32Array.from(values), number)
        const sorted = Float32Array.from(values).sort()
        const found = binRows([sorted], bins).bins
        expect(found.every((place, index) => place >= 1 && (index === 0 || place >= (found[index - 1] as number)))).toBe(true)
        expect(bins[0]?.binCount).toBeLessThanOrEqual(maxBins)
        expect(Math.max(...found)).toBeLessThan(bins[0]?.binCount as number)
      }),
    )
  })
})

describe('bins of a category', { timeout: 60_000 }, () => {
  test('every code that was seen has one; others, and what is no code, have bin 0', () => {
    const bins = fitColumnBins(Float32Array.from([0, 2, 2, 4]), [{ name: 'part', kind: 'category', size: 6 }])
    const asked = Float32Array.from([0, 1, 2, 3, 4, 5, 6, -1, 1.5, Number.NaN])
    expect([...binRows([asked], bins).bins]).toEqual([1, 0, 2, 0, 3, 0, 0, 0, 0, 0])
  })

  test('of more codes than bins the most frequent have one', () => {
    const codes = Float32Array.from([
      ...Array.from({ length: 300 }, (_, code) => code),
      ...Array.from({ length: 254 }, (_, code) => code + 40),
    ])
    const bins = fitColumnBins(codes, [{ name: 'part', kind: 'category', size: 300 }])
    expect([...binRows([Float32Array.from([39, 40, 293, 294])], bins).bins]).toEqual([0, 1, 254, 0])
  })
})
