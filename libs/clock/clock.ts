import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * The one seam to wall-clock time and chance. Nothing else may read them (a check fails), so that whatever depends on time
 * says so in its parameters, and a backtest can be given another clock.
 */
export type Clock = Readonly<{
  /** Milliseconds since 1970, UTC: what time it is. Whoever owns the machine may set it back or forth by hours. */
  now(): number
  /** Milliseconds since a moment of its own, never set: the only measure of a duration, a deadline or a pause. */
  monotonic(): number
  /** Resolves after `millis`, however many; rejects with the signal's reason when it is aborted first. */
  sleep(millis: number, signal?: AbortSignal): Promise<void>
}>

/** Node's timers hold 31 bits (24.8 days); beyond that they fire at once. */
const longestTimerMillis = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(millis, signal) {
    for (let left = millis; ; left -= longestTimerMillis) {
      await delay(Math.min(left, longestTimerMillis), undefined, signal === undefined ? undefined : { signal })
      if (left <= longestTimerMillis) return
    }
  },
}

/** A clock that moves only when told: for tests and backtests. Sleepers wake, in order, when time reaches them. */
export type ManualClock = Clock & Readonly<{ advanceTo(millis: number): void }>

export function createManualClock(start: number): ManualClock {
  let time = start
  let sleepers: { at: number; wake: () => void }[] = []
  return {
    now: () => time,
    monotonic: () => time,
    sleep: (millis, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const sleeper = { at: time + millis, wake: resolve }
        sleepers.push(sleeper)
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((other) => other !== sleeper)
          reject(signal.reason)
        })
      }),
    advanceTo(millis) {
      time = Math.max(time, millis)
      const due = sleepers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at)
      sleepers = sleepers.filter(({ at }) => at > time)
      for (const { wake } of due) wake()
    },
  }
}

/** Unguessable and unique, for names of runs, groups and temporary files. Never part of an event. */
export const randomId = (): string => randomUUID()

/** Uniform in [0, 1): for jitter only. Anything that decides uses a seeded generator. */
export const randomJitter = (): number => Math.random()
