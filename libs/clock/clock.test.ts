import { expect, test } from 'vitest'
import { createManualClock, systemClock } from './clock.ts'

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

test('ticks until it is told to stop, each time the clock gets there', () => {
  const clock = createManualClock(1_000)
  const ticks: number[] = []
  const end = clock.interval(100, () => ticks.push(clock.now()))
  for (const time of [1_050, 1_100, 1_199, 1_200]) clock.advanceTo(time)
  end()
  clock.advanceTo(2_000)
  expect(ticks).toEqual([1_100, 1_200])
})

test('ends an interval from within its own tick', () => {
  const clock = createManualClock(0)
  let ticks = 0
  const end = clock.interval(10, () => {
    ticks++
    end()
  })
  clock.advanceTo(10)
  clock.advanceTo(20)
  expect(ticks).toBe(1)
})

test('wakes sleepers in the order of their times, and none that gave up', async () => {
  const clock = createManualClock(0)
  const woken: string[] = []
  const giveUp = new AbortController()
  void clock.sleep(20).then(() => woken.push('second'))
  void clock.sleep(10).then(() => woken.push('first'))
  const given = clock.sleep(15, giveUp.signal)
  giveUp.abort(new Error('given up'))
  clock.advanceTo(30)
  await expect(given).rejects.toThrow('given up')
  expect(woken).toEqual(['first', 'second'])
})
