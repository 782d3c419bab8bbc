import { describe, expect, it } from 'vitest'
import type { Traits } from '#lib/axie/similarity.ts'
import { createClassSales, maxSalesOfClass } from './class-sales.ts'

const traits = (classNumber: number, kind = 0): Traits => [classNumber, 0, 1, 1, 1, 1, 1, 1, kind]

describe('the newest sales of a class', () => {
  it('are 2,000 at most, in the order of time, whatever order they came in', () => {
    const sales = createClassSales()
    const count = 6 * maxSalesOfClass
    for (let number = 0; number < count; number += 1) {
      // Every third comes ten sales late.
      const soldAt = number % 3 === 0 ? number - 10 : number
      sales.add({ soldAt, traits: traits(2), relative: soldAt / 10, residual: Number.NaN })
    }
    const { start, end, soldAt, relative } = sales.columnsOf(2, 0)
    const times = [...soldAt.subarray(start, end)]
    expect(times).toHaveLength(maxSalesOfClass)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBe(count - 1)
    expect([...relative.subarray(start, end)]).toEqual(times.map((time) => time / 10))
  })

  it('are of one kind: an Origin is no neighbour of a plain axie', () => {
    const sales = createClassSales()
    for (const kind of [0, 16, 16]) sales.add({ soldAt: 1, traits: traits(2, kind), relative: kind, residual: Number.NaN })
    const relatives = (kind: number): number[] => {
      const { start, end, relative } = sales.columnsOf(2, kind)
      return [...relative.subarray(start, end)]
    }
    expect([relatives(0), relatives(16), relatives(1)]).toEqual([[0], [16, 16], []])
  })

  it('of a class without sales are none', () => {
    const { start, end } = createClassSales().columnsOf(5, 0)
    expect(end - start).toBe(0)
  })
})
