import { describe, expect, test } from 'vitest'
import { createRandom } from '#lib/numbers/random.ts'
import { encodeRows, fitInputEncoding, type InputColumn } from './input-encoding.ts'

const columns: readonly InputColumn[] = [
  { name: 'pooled', kind: 'relative' },
  { name: 'last_similar', kind: 'relative' },
  { name: 'hit_points', kind: 'number' },
  { name: 'class', kind: 'category', size: 4 },
  { name: 'gene_quality', kind: 'number' },
  { name: 'leaderboard', kind: 'number' },
]
const unknown = Number.NaN

/** Class 2 is rare, class 3 never occurs; one in ten has no last similar sale; gene quality is never known, the leaderboard is 0. */
const trainingRows = (): Float32Array => {
  const random = createRandom(1)
  return Float32Array.from(
    Array.from({ length: 1_000 }, (_, row) => {
      const pooled = 0.3 * random.normal()
      return [
        pooled,
        row % 10 === 0 ? unknown : pooled + 0.1 * random.normal(),
        40 + 5 * random.normal(),
        row < 5 ? 2 : row % 2,
        unknown,
        0,
      ]
    }).flat(),
  )
}

const encoding = fitInputEncoding(trainingRows(), columns, 'pooled')
const encode = (...row: number[]) => {
  const padded = Float32Array.from(columns, (_, index) => row[index] ?? 0)
  const { inputs, anchors } = encodeRows(encoding, padded)
  return { inputs: Array.from(inputs), anchor: anchors[0] as number }
}
const [pooled, last, lastUnknown, hitPoints, class0, class1, classOther] = [0, 1, 2, 3, 4, 5, 6]

describe('the encoding of feature vectors', () => {
  test('has a column per number, a flag where unknown is frequent, a column per frequent category value and one for the rest', () => {
    expect(encoding.inputWidth).toBe(7)
    expect(encode(0, 0, 40, 0, unknown).inputs[class0]).toBe(1)
    expect(encode(0, 0, 40, 1, unknown).inputs[class1]).toBe(1)
    expect(encode(0, 0, 40, 2, unknown).inputs[classOther]).toBe(1)
  })

  test('a relative price counts as its difference from the anchor, and an unknown one as no difference, flagged', () => {
    expect(encode(0.2, 0.2, 40, 0, unknown).inputs[last]).toBeCloseTo(0)
    expect(encode(0.2, 0.3, 40, 0, unknown).inputs[last]).toBeGreaterThan(0.5)
    const without = encode(0.2, unknown, 40, 0, unknown).inputs
    expect(without[last]).toBe(0)
    expect(without[lastUnknown]).toBe(1)
  })

  test('forecasts start from the anchor, or from the level itself where it is unknown', () => {
    expect(encode(0.25, unknown, 40, 0, unknown).anchor).toBe(0.25)
    expect(encode(unknown, unknown, 40, 0, unknown).anchor).toBe(0)
  })

  test('no value, however absurd, gets further than the cut', () => {
    expect(encode(1e30, 0, -1e30, 0, unknown).inputs[pooled]).toBe(4)
    expect(encode(0, 0, -1e30, 0, unknown).inputs[hitPoints]).toBe(-4)
    expect(encode(Number.POSITIVE_INFINITY, 0, 40, 0, unknown).inputs.every(Number.isFinite)).toBe(true)
  })

  test('what training never knew, or knew only one value of, is no input', () => {
    expect(encode(0, 0, 40, 0, 0.9).inputs).toEqual(encode(0, 0, 40, 0, unknown).inputs)
    expect(encode(0, 0, 40, 0, unknown, 7)).toEqual(encode(0, 0, 40, 0, unknown, 0))
  })
})
