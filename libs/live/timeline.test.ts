import { expect, test } from 'vitest'
import { createTimeline } from './timeline.ts'

test('what waits behind a commit is counted, from its first record to the newest', () => {
  const timeline = createTimeline(100)
  expect(timeline.waiting(0)).toEqual({ records: 0, seconds: 0, atLeast: false })
  // Markers of transactions take offsets of their own: 12, 14.
  for (const [offset, timestamp] of [
    [10, 1_000],
    [11, 3_000],
    [13, 9_000],
  ] as const)
    timeline.add(offset, timestamp)
  expect(timeline.waiting(11)).toEqual({ records: 2, seconds: 6, atLeast: false })
  expect(timeline.waiting(12)).toEqual({ records: 1, seconds: 0, atLeast: false })
  expect(timeline.waiting(15)).toEqual({ records: 0, seconds: 0, atLeast: false })
})

test('beyond what is remembered, figures are lower bounds', () => {
  const timeline = createTimeline(3)
  for (let offset = 0; offset < 10; offset++) timeline.add(offset, offset * 1_000)
  expect(timeline.waiting(2)).toEqual({ records: 3, seconds: 2, atLeast: true })
  expect(timeline.waiting(8)).toEqual({ records: 2, seconds: 1, atLeast: false })
})

test('a record delivered again counts once', () => {
  const timeline = createTimeline(10)
  for (const offset of [1, 2, 1, 2, 3]) timeline.add(offset, offset)
  expect(timeline.waiting(0).records).toBe(3)
})
