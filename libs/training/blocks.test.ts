import { describe, expect, test } from 'vitest'
import { splitBlocks } from './blocks.ts'

const minute = 60_000
const evenly = (rows: number, everyMillis: number) => Float64Array.from({ length: rows }, (_, row) => row * everyMillis)

describe('the blocks of training', () => {
  test('follow each other in time, with ten minutes left out between them', () => {
    const times = evenly(1_000, minute)
    const { fit, stopping, newest } = splitBlocks(times)
    expect(fit).toEqual({ from: 0, until: 850 })
    expect(stopping.until).toBe(920)
    expect(newest.until).toBe(1_000)
    for (const [before, after] of [
      [fit, stopping],
      [stopping, newest],
    ] as const) {
      expect((times[after.from] as number) - (times[before.until - 1] as number)).toBeGreaterThan(10 * minute)
    }
  })

  test('cannot be made of too few sales, or of sales of a few minutes: the message says what was found', () => {
    expect(() => splitBlocks(evenly(299, minute))).toThrow('at least 300 sales to learn from, found 299')
    expect(() => splitBlocks(evenly(5_000, 10))).toThrow('within 1 minutes')
  })
})
