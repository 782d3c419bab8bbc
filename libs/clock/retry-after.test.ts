import { expect, it } from 'vitest'
import { createManualClock } from './clock.ts'
import { retryAfterMillis } from './retry-after.ts'

const clock = createManualClock(Date.parse('2026-11-30T12:00:00Z'))

it.each([
  [null, null],
  ['2', 2_000],
  [' 2 ', 2_000],
  ['1.5', 1_500],
  ['Mon, 30 Nov 2026 12:00:30 GMT', 30_000],
  ['Mon, 30 Nov 2026 11:00:00 GMT', 0],
  ['31536000', 3_600_000],
  ['soon', null],
  ['', null],
])('%j asks to wait %j ms', (header, millis) => {
  expect(retryAfterMillis(header, clock, 3_600_000)).toBe(millis)
})
