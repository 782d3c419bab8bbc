import type { Clock } from '#lib/clock/clock.ts'
import { RetryableError } from '#lib/errors/errors.ts'

export type BackoffOptions = Readonly<{ firstMillis: number; maxMillis: number }>

export const standardBackoff: BackoffOptions = { firstMillis: 100, maxMillis: 10_000 }

/**
 * Milliseconds to wait before attempt `attempt` + 1 (1 = after the first failure): doubling up to the most, then half of it fixed and
 * half by chance, so that those who failed together do not come back together.
 */
export function backoffMillis(
  attempt: number,
  { random }: Pick<Clock, 'random'>,
  { firstMillis, maxMillis }: BackoffOptions = standardBackoff,
): number {
  const full = Math.min(maxMillis, firstMillis * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + random() * (full / 2)
}

/** What `attempt` comes to, tried again while the world is unwell. Null: `signal` came first. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  { clock, signal, onProblem }: Readonly<{ clock: Clock; signal: AbortSignal; onProblem(problem: Error | null): void }>,
): Promise<T | null> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      const result = await attempt()
      if (failures > 0) onProblem(null)
      return result
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error
      if (signal.aborted) break
      onProblem(error)
      await clock.sleep(backoffMillis(++failures, clock), signal).catch(() => {})
    }
  }
  return null
}
