import { describe, expect, test } from 'vitest'
import type { InputColumn } from '#lib/model/input-encoding.ts'
import { createRandom } from '#lib/numbers/random.ts'
import { fitFamiliarity, noveltyOf } from './familiarity.ts'

const columns: readonly InputColumn[] = [
  { name: 'hit_points', kind: 'number' },
  { name: 'class', kind: 'category', size: 4 },
  { name: 'gene_quality', kind: 'number' },
  { name: 'leaderboard', kind: 'number' },
]
const unknown = Number.NaN

/** Class 3 never occurs; gene quality is never known, the leaderboard is 0. */
function trainingRows(): Float32Array {
  const random = createRandom(1)
  return Float32Array.from(Array.from({ length: 1_000 }, (_, row) => [40 + 5 * random.normal(), row % 3, unknown, 0]).flat())
}

const familiarity = fitFamiliarity(trainingRows(), columns)
const novelty = (...vector: number[]): number => noveltyOf(familiarity, Float32Array.from(vector))[0] as number

describe('novelty', () => {
  test('the training rows are familiar', () => {
    expect(noveltyOf(familiarity, trainingRows()).filter((value) => value > 1).length).toBeLessThanOrEqual(1)
    expect(novelty(40, 0, unknown, 0)).toBeLessThan(0.5)
  })

  test('far values and values of a category never seen are not', () => {
    expect(novelty(400, 0, unknown, 0)).toBeGreaterThan(1)
    expect(novelty(40, 3, unknown, 0)).toBeGreaterThanOrEqual(1)
    expect(novelty(40, unknown, unknown, 0)).toBeGreaterThanOrEqual(1)
    expect(novelty(40, 99, unknown, 0)).toBeGreaterThanOrEqual(1)
  })

  test('what is unknown, or taught nothing, makes no difference', () => {
    expect(novelty(unknown, 0, unknown, 0)).toBe(0)
    expect(novelty(40, 0, 0.9, 7)).toBe(novelty(40, 0, unknown, 0))
  })

  test('no number, however absurd, is without end', () => {
    expect(novelty(1e38, 0, unknown, 0)).toBeLessThan(30)
  })
})
