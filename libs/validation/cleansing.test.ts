import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanse, countsOf, noCleansing } from './cleansing.ts'
import type { SaleRow } from './sale-row.ts'
import { firstRowAt, sampleRow, sampleRows } from './testing/sale-row-samples.ts'

const leftOut = (rows: readonly SaleRow[], options: Partial<typeof noCleansing>) =>
  Object.fromEntries(cleanse(rows, { ...noCleansing, ...options }))

const trade = (hour: number, seller: string, buyer: string, id = 1): SaleRow =>
  sampleRow({ time: firstRowAt + hour * 3_600_000, id, seller, buyer })

describe('cleansing', () => {
  test('takes nothing that was not asked for', () => {
    expect(leftOut([sampleRow(), sampleRow({ class: null, priceUsd: 1e6 }), trade(0, 'a', 'b'), trade(1, 'b', 'a')], {})).toEqual({})
  })

  test('leaves out what it is told to, and counts it by reason', () => {
    const rows = [
      sampleRow(),
      sampleRow(),
      sampleRow({ priceUsd: 25 }),
      sampleRow({ id: 2, class: null }),
      sampleRow({ id: 3, priceUsd: 0.2 }),
      sampleRow({ id: 4, priceUsd: 9_000 }),
    ]
    const options = { ...noCleansing, duplicates: true, emptyClass: true, minPriceUsd: 1, maxPriceUsd: 2_000 }
    expect(countsOf(cleanse(rows, options))).toEqual({
      duplicate: 1,
      'empty class': 1,
      'price below the least': 1,
      'price above the most': 1,
    })
  })

  test('a wash trade is an axie that comes back to one who sold it, with all sales in between', () => {
    const wash = { washTrades: true }
    expect(Object.keys(leftOut([trade(0, 'a', 'b'), trade(1, 'b', 'a')], wash))).toEqual(['0', '1'])
    expect(Object.keys(leftOut([trade(0, 'z', 'a'), trade(1, 'a', 'b'), trade(2, 'b', 'c'), trade(3, 'c', 'a')], wash))).toEqual([
      '1',
      '2',
      '3',
    ])
    expect(Object.keys(leftOut([trade(0, 'a', 'b'), trade(5, 'a', 'b')], wash))).toEqual(['0', '1'])
    expect(Object.keys(leftOut([trade(0, 'a', 'a')], wash))).toEqual(['0'])
  })

  test('is none: a resale to someone else, another axie of the same pair, a return after more than a week, owners unknown', () => {
    const wash = { washTrades: true }
    expect(leftOut([trade(0, 'a', 'b'), trade(1, 'b', 'c')], wash)).toEqual({})
    expect(leftOut([trade(0, 'a', 'b'), trade(1, 'b', 'a', 2)], wash)).toEqual({})
    expect(leftOut([trade(0, 'a', 'b'), trade(24 * 8, 'b', 'a')], wash)).toEqual({})
    expect(leftOut([sampleRow(), sampleRow()], wash)).toEqual({})
  })

  test('a draw keeps rare classes whole and cuts the common ones to one size, the same for the same seed', () => {
    const rows = [...sampleRows(90).map((row) => ({ ...row, class: 'Plant' })), ...sampleRows(10).map((row) => ({ ...row, class: 'Dawn' }))]
    const draw = (seed: number) => cleanse(rows, { ...noCleansing, mostExamples: 50, seed })
    expect(countsOf(draw(1))).toEqual({ 'not drawn': 50 })
    expect([...draw(1).keys()].every((place) => place < 90)).toBe(true)
    expect([...draw(1)]).toEqual([...draw(1)])
    expect([...draw(1)]).not.toEqual([...draw(2)])
  })

  test('a draw never keeps more than it may, nor fewer than there are', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('Plant', 'Beast', 'Dawn', null)), fc.nat(30), (classes, most) => {
        const rows = classes.map((name) => sampleRow({ class: name }))
        const kept = rows.length - cleanse(rows, { ...noCleansing, mostExamples: most }).size
        expect(kept).toBeLessThanOrEqual(most)
        expect(kept).toBeGreaterThanOrEqual(Math.min(rows.length, most) - 3)
      }),
    )
  })
})
