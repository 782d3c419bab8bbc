import { expect, test } from 'vitest'
import { meanInterval, studentQuantile } from './student-t.ts'

test('quantiles are those of the table, and beyond it close to the normal one', () => {
  expect([studentQuantile(1), studentQuantile(3), studentQuantile(30)]).toEqual([12.706, 3.182, 2.042])
  expect(studentQuantile(31)).toBeCloseTo(2.0395, 2)
  expect(studentQuantile(60)).toBeCloseTo(2.0003, 2)
  expect(studentQuantile(1_000)).toBeCloseTo(1.9623, 3)
})

test('too few values have no interval', () => {
  expect([meanInterval([], 1), meanInterval([5], 1), meanInterval([5, 6, 7], 4)]).toEqual([null, null, null])
  expect(meanInterval([1, 2, 3, 4], 4)?.low).toBeCloseTo(2.5 - 3.182 * Math.sqrt(5 / 3 / 4))
})
