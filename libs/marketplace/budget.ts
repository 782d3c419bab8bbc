import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, minuteMillis } from '#lib/clock/durations.ts'
import { MarketplaceError } from './errors.ts'

/**
 * How much of the key's quota each process may use. They share one key and no memory, so each keeps to a fixed share of it: together they
 * cannot exceed what the key has, whatever any of them does.
 */
export const shares = { collector: 0.7, notifier: 0.1, dashboard: 0.05, history: 0.15 } as const
export type BudgetUser = keyof typeof shares

/** What a key may ask, as its console says; null where nobody says. */
export type KeyLimits = Readonly<{ perMinute: number | null; perDay: number | null }>

/** Settings say 0 for a limit that nobody knows. */
export const keyLimits = (perMinute: number, perDay: number): KeyLimits => ({ perMinute: perMinute || null, perDay: perDay || null })

/**
 * What a request is worth: how much of a window must be left before it may go out. As a window runs dry, the least worth waits first,
 * and the newest listings last.
 */
export const reserves = { listings: 0, exchangeRate: 0.02, settled: 0.05, transfers: 0.1, axie: 0.15, sweep: 0.25 } as const
export type Worth = keyof typeof reserves

export interface Budget {
  /** Counts a request that is about to go out. MarketplaceError rate_limited, with how long to wait, where it may not. */
  spend(worth: Worth): void
  /** What the marketplace says is left: less than we think is believed. Milliseconds until it is more again; null where it does not say. */
  heard(left: Readonly<{ minute: number | null; day: number | null }>): void
  /** For metrics: what this process may still ask; null without a limit. */
  left(): Readonly<{ minute: number | null; day: number | null }>
}

/**
 * Any minute and any day, however the marketplace cuts them: windows roll. By monotonic time, which nobody sets back. A restart forgets
 * what was asked; the marketplace's own words (headers, 429) hold then.
 */
export function createBudget({ clock, user, limits }: { clock: Clock; user: BudgetUser; limits: KeyLimits }): Budget {
  const own = (limit: number | null): number | null => (limit === null ? null : Math.max(1, Math.floor(limit * shares[user])))
  const windows = [
    createWindow('minute', own(limits.perMinute), minuteMillis, 60),
    createWindow('day', own(limits.perDay), dayMillis, 1_440),
  ] as const
  const leftIn = (window: Window): number | null => window.left(clock.monotonic())
  return {
    spend(worth) {
      const now = clock.monotonic()
      const waits = windows.map((window) => ({ window, millis: window.waitFor(reserves[worth], now) }))
      const longest = waits.reduce((most, wait) => (wait.millis > most.millis ? wait : most))
      if (longest.millis > 0) throw spent(longest.window.name, longest.millis, clock)
      for (const window of windows) window.count(now)
    },
    heard({ minute, day }) {
      const now = clock.monotonic()
      if (minute !== null) windows[0].believe(minute, now)
      if (day !== null) windows[1].believe(day, now)
    },
    left: () => ({ minute: leftIn(windows[0]), day: leftIn(windows[1]) }),
  }
}

function spent(window: string, millis: number, clock: Clock): MarketplaceError {
  const until = new Date(clock.now() + millis).toISOString()
  return new MarketplaceError('rate_limited', `our share of the key's requests a ${window} is spent until ${until}`, {
    retryAfterMillis: Math.ceil(millis),
  })
}

type Window = ReturnType<typeof createWindow>

/** Requests of the last `span`, counted in slots: what leaves the window does so a slot at a time, never too early. */
function createWindow(name: string, limit: number | null, span: number, slots: number) {
  const slotMillis = span / slots
  const counts: { slot: number; count: number }[] = []
  let total = 0
  /** What the marketplace says is used beyond what we counted, until that leaves its window too. */
  const slotAt = (now: number): number => Math.floor(now / slotMillis)
  const forget = (now: number): void => {
    while (counts[0] !== undefined && counts[0].slot < slotAt(now) - slots) total -= counts.shift()!.count
  }
  const add = (count: number, now: number): void => {
    const last = counts.at(-1)
    if (last?.slot === slotAt(now)) last.count += count
    else counts.push({ slot: slotAt(now), count })
    total += count
  }
  return {
    name,
    left(now: number): number | null {
      forget(now)
      return limit === null ? null : Math.max(0, limit - total)
    },
    /** 0 where one more request leaves the reserve untouched; else how long until it does. */
    waitFor(reserve: number, now: number): number {
      if (limit === null) return 0
      forget(now)
      const most = Math.max(1, Math.floor(limit * (1 - reserve)))
      let over = total + 1 - most
      if (over <= 0) return 0
      for (const { slot, count } of counts) {
        over -= count
        if (over <= 0) return (slot + slots + 1) * slotMillis - now
      }
      return span
    },
    count: (now: number): void => add(1, now),
    believe(left: number, now: number): void {
      if (limit === null) return
      forget(now)
      const unseen = limit - total - left
      if (unseen > 0) add(unseen, now)
    },
  }
}
