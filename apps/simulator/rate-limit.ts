import type { Clock } from '#lib/clock/clock.ts'

/** A bucket of tokens that holds those of one second. */
export interface RateLimit {
  /** Takes one: true. Empty: false. */
  take(): boolean
  /** Null: no limit. */
  remaining(): number | null
}

/** `perSecond` 0: no limit. */
export function createRateLimit({ clock, perSecond }: { clock: Clock; perSecond: number }): RateLimit {
  const most = Math.max(1, perSecond)
  let tokens = most
  let filledAt = clock.monotonic()
  const fill = (): void => {
    const now = clock.monotonic()
    tokens = Math.min(most, tokens + ((now - filledAt) / 1_000) * perSecond)
    filledAt = now
  }
  return {
    take() {
      if (perSecond === 0) return true
      fill()
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
    remaining: () => (perSecond === 0 ? null : Math.floor(tokens)),
  }
}
