import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'

test.each([2 ** 31, 30 * 86_400_000])('a sleep of %d ms, longer than a timer of Node can hold, does not end at once', async (millis) => {
  const cut = new AbortController()
  const sleeping = systemClock.sleep(millis, cut.signal)
  const first = await Promise.race([sleeping.then(() => 'woke'), systemClock.sleep(30).then(() => 'still asleep')])
  cut.abort()
  await sleeping.catch(() => {})
  expect(first).toBe('still asleep')
})

test('monotonic time passes as a sleep does', async () => {
  const begun = systemClock.monotonic()
  await systemClock.sleep(20)
  expect(systemClock.monotonic() - begun).toBeGreaterThanOrEqual(19)
})
