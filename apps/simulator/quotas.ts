import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, minuteMillis } from '#lib/clock/durations.ts'

/** What a key may ask in a minute and in a day, as the gateway counts it: windows begin with their first request. */
export interface Quotas {
  /** Counts a request: null. Spent: which window, and how long until it ends; nothing is counted. */
  take(): Readonly<{ window: string; millis: number }> | null
  /** `x-ratelimit-remaining-minute` and `-day`, of the windows that are bounded. */
  headers(): Readonly<Record<string, string>>
}

/** 0: no quota. */
export function createQuotas({ clock, perMinute, perDay }: { clock: Clock; perMinute: number; perDay: number }): Quotas {
  const windows = [
    { window: 'minute', most: perMinute, spanMillis: minuteMillis, endsAt: 0, used: 0 },
    { window: 'day', most: perDay, spanMillis: dayMillis, endsAt: 0, used: 0 },
  ].filter(({ most }) => most > 0)
  const begin = (now: number): void => {
    for (const window of windows) if (window.endsAt <= now) Object.assign(window, { endsAt: now + window.spanMillis, used: 0 })
  }
  return {
    take() {
      const now = clock.monotonic()
      begin(now)
      const spent = windows.findLast(({ used, most }) => used >= most)
      if (spent !== undefined) return { window: spent.window, millis: spent.endsAt - now }
      for (const window of windows) window.used++
      return null
    },
    headers: () => Object.fromEntries(windows.map(({ window, most, used }) => [`x-ratelimit-remaining-${window}`, String(most - used)])),
  }
}
