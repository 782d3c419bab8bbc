import { randomJitter } from '#lib/clock/clock.ts'

export type BackoffOptions = Readonly<{ firstMillis: number; mostMillis: number }>

export const standardBackoff: BackoffOptions = { firstMillis: 100, mostMillis: 10_000 }

/**
 * Milliseconds to wait before attempt `attempt` + 1 (1 = after the first failure): doubling up to the most, then half of it fixed and
 * half by chance, so that those who failed together do not come back together.
 */
export function backoffMillis(attempt: number, { firstMillis, mostMillis }: BackoffOptions = standardBackoff): number {
  const full = Math.min(mostMillis, firstMillis * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + randomJitter() * (full / 2)
}
