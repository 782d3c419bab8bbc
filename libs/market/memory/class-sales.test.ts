import { describe, expect, it } from 'vitest'
import type { Traits } from '#lib/axie/similarity.ts'
import { createClassSales, mostOfClass } from './class-sales.ts'

const traits = (classNumber: number): Traits => [classNumber, 0, 1, 1, 1, 1, 1, 1]

describe('the newest sales of a class', () => {
  it('are 2,000 at most, in the order of time, whatever order they came in', () => {
    const sales = createClassSales()
    const count = 6 * mostOfClass
    for (let number = 0; number < count; number += 1) {
      // Every third comes ten sales late.
      const soldAt = number % 3 === 0 ? number - 10 : number
      sales.add({ soldAt, traits: traits(2), relative: soldAt / 10, residual: Number.NaN })
    }
    const { start, end, soldAt, relative } = sales.of(2)
    const times = [...soldAt.subarray(start, end)]
    expect(times).toHaveLength(mostOfClass)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBe(count - 1)
    expect([...relative.subarray(start, end)]).toEqual(times.map((time) => time / 10))
  })

  it('of a class without sales are none', () => {
    const { start, end } = createClassSales().of(5)
    expect(end - start).toBe(0)
  })
})
