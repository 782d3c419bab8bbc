import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
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
  /** Calls `tick` every `millis` until the function it returns is called. It does not keep the process alive. */
  interval(millis: number, tick: () => void): () => void
  /** Uniform in [0, 1): for jitter only. Anything that decides uses a seeded generator. */
  random(): number
  /** Unguessable and unique: which writer, which attempt. Never part of an event. */
  uniqueId(): string
}>

/** Node's timers hold 31 bits (24.8 days); beyond that they fire at once. */
const maxTimerMillis = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(millis, signal) {
    for (let left = millis; ; left -= maxTimerMillis) {
      await delay(Math.min(left, maxTimerMillis), undefined, signal === undefined ? undefined : { signal })
      if (left <= maxTimerMillis) return
    }
  },
  interval(millis, tick) {
    const timer = setInterval(tick, millis).unref()
    return () => clearInterval(timer)
  },
  random: () => Math.random(),
  uniqueId: () => randomUUID(),
}

/** A clock that moves only when told: for tests and backtests. Sleepers and ticks wake, in order, when time reaches them. */
export type ManualClock = Clock & Readonly<{ advanceTo(millis: number): void }>

export function createManualClock(start: number): ManualClock {
  let time = start
  let ids = 0
  let sleepers: { at: number; wake: () => void }[] = []

  const wakeAt = (at: number, wake: () => void) => {
    const sleeper = { at, wake }
    sleepers.push(sleeper)
    return () => {
      sleepers = sleepers.filter((other) => other !== sleeper)
    }
  }

  return {
    now: () => time,
    monotonic: () => time,
    sleep: (millis, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const cancel = wakeAt(time + millis, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          reject(signal.reason)
        })
      }),
    interval(millis, tick) {
      let cancel = () => {}
      const next = (at: number) => {
        cancel = wakeAt(at, () => {
          next(Math.max(at + millis, time))
          tick()
        })
      }
      next(time + millis)
      return () => cancel()
    },
    /** The middle, always: what waits by chance waits as long each time. */
    random: () => 0.5,
    uniqueId: () => `id-${++ids}`,
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
