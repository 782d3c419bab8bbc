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

  test('of a file whose times are days begin with days, where a boundary would lie within the last one', () => {
    const day = 24 * 60 * minute
    const times = Float64Array.from({ length: 1_000 }, (_, row) => Math.floor(row / 200) * day)
    expect(splitBlocks(times)).toEqual({
      fit: { from: 0, until: 600 },
      stopping: { from: 600, until: 800 },
      newest: { from: 800, until: 1_000 },
    })
  })

  test('cannot be made of too few sales, or of sales of a few minutes: the message says what was found', () => {
    expect(() => splitBlocks(evenly(299, minute))).toThrow('at least 300 sales to learn from, found 299')
    expect(() => splitBlocks(evenly(5_000, 10))).toThrow('within 1 minutes')
  })
})
