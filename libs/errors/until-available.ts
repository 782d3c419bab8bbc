import { type Clock, systemClock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'

/**
 * Runs `work` until it does not throw a RetryableError: waits 0.2 s, doubling to 5 s, with jitter. `onWait` says what it waits for.
 */
export async function untilAvailable<T>(
  work: () => Promise<T>,
  {
    clock = systemClock,
    onWait,
    signal,
  }: { clock?: Clock; onWait?: (message: string, attempt: number) => void; signal?: AbortSignal } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      onWait?.(error.message, attempt)
      await clock.sleep(Math.min(5_000, 200 * 2 ** Math.min(attempt - 1, 10)) * (0.5 + clock.random() / 2), signal)
    }
  }
}
