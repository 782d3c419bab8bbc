import { expect, it } from 'vitest'
import { createOffsetHistory } from './offset-history.ts'

it('knows since when an offset is passed, to a few seconds, and forgets what was asked for', () => {
  const history = createOffsetHistory()
  expect(history.beyond(0)).toBeNull()
  history.passed(10, 0)
  history.passed(15, 1_000)
  history.passed(20, 60_000)
  expect(history.beyond(0)).toBe(0)
  expect(history.beyond(14)).toBe(0)
  expect(history.beyond(15)).toBe(60_000)
  expect(history.beyond(20)).toBeNull()
  history.passed(20, 120_000)
  expect(history.beyond(20)).toBeNull()
  history.passed(21, 180_000)
  expect(history.beyond(20)).toBe(180_000)
})

it('costs no more than an entry every few seconds, however busy', () => {
  const history = createOffsetHistory()
  for (let at = 0; at < 3_600_000; at += 100) history.passed(at, at)
  expect(history.beyond(0)).toBe(0)
  expect(history.beyond(1_800_000)).toBeGreaterThan(1_790_000)
})
