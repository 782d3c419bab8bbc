import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { MarketplaceError } from './errors.ts'
import { type BudgetUser, shares } from './shares.ts'
import { createSpentAlone, leastToldMillis, type Spent } from './spent.ts'

/** What a key may ask, as its console says; null where nobody says: of a minute, what the marketplace's headers tell counts then. */
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
  /**
   * The marketplace refused a request, and asks to wait. True where that is a spent window, which all who use the key now wait
   * for; false where it is a busy minute, which the one who was refused waits for alone.
   */
  refused(millis: number, words: string): boolean
  /** What all who use the key wait for. */
  readonly spent: Pick<Spent, 'waitMillis' | 'holding'>
  /** For metrics: what this process may still ask; null without a limit. */
  left(): Readonly<{ minute: number | null; day: number | null }>
}

export type BudgetOptions = Readonly<{
  clock: Clock
  user: BudgetUser
  limits: KeyLimits
  /** Absent: nobody else uses the key. */
  spent?: Spent
}>

/**
 * Any minute and any day, however the marketplace cuts them: windows roll. By monotonic time, which nobody sets back. A restart forgets
 * what was asked, but not that a day was spent (spent.ts); the marketplace's own words (headers, 429) hold then.
 */
export function createBudget({ clock, user, limits, spent = createSpentAlone({ clock, user }) }: BudgetOptions): Budget {
  const own = (limit: number | null): number | null => (limit === null ? null : Math.max(1, Math.floor(limit * shares[user])))
  const windows = [
    createWindow('minute', own(limits.perMinute), minuteMillis, 60),
    createWindow('day', own(limits.perDay), dayMillis, 1_440),
  ] as const
  const [, day] = windows
  const leftIn = (window: Window): number | null => window.left(clock.monotonic())
  const tellSpentDay = (now: number): void => {
    const millis = day.waitFor(0, now)
    if (millis >= leastToldMillis) spent.tell({ share: user, millis, reason: `the ${user}'s share of the day` })
  }
  return {
    spend(worth) {
      const now = clock.monotonic()
      if (spent.waitMillis() > 0) throw heldBack(spent)
      const waits = windows.map((window) => ({ window, millis: window.waitFor(reserves[worth], now) }))
      const longest = waits.reduce((most, wait) => (wait.millis > most.millis ? wait : most))
      if (longest.millis > 0) {
        tellSpentDay(now)
        throw windowSpent(longest.window.name, longest.millis, clock)
      }
      for (const window of windows) window.count(now)
    },
    heard({ minute, day }) {
      const now = clock.monotonic()
      // What a day holds shows at its end, and then it says until when. A minute is worth learning: nobody need be refused in it.
      if (minute !== null) windows[0].learn(minute)
      if (minute !== null) windows[0].believe(minute, now)
      if (day !== null) windows[1].believe(day, now)
    },
    refused(millis, words) {
      if (millis < leastToldMillis) return false
      spent.tell({ share: null, millis, reason: words })
      return true
    },
    spent,
    left: () => ({ minute: leftIn(windows[0]), day: leftIn(windows[1]) }),
  }
}

function heldBack(spent: Spent): MarketplaceError {
  const { until, by, reason } = spent.holding()!
  return new MarketplaceError(
    'rate_limited',
    `the key's requests are spent until ${new Date(until).toISOString()}, as the ${by} was told: ${reason}`,
    { retryAfterMillis: Math.ceil(spent.waitMillis()) },
  )
}

function windowSpent(window: string, millis: number, clock: Clock): MarketplaceError {
  const until = new Date(clock.now() + millis).toISOString()
  return new MarketplaceError('rate_limited', `our share of the key's requests a ${window} is spent until ${until}`, {
    retryAfterMillis: Math.ceil(millis),
  })
}

type Window = ReturnType<typeof createWindow>

/** Requests of the last `span`, counted in slots: what leaves the window does so a slot at a time, never too early. */
function createWindow(name: string, ownLimit: number | null, span: number, slots: number) {
  let limit = ownLimit
  const slotMillis = span / slots
  const counts: { slot: number; count: number }[] = []
  let own = 0
  /**
   * What the marketplace says is used beyond what we counted: by others, or by us before a restart. Where its window begins nobody knows,
   * so after an hour the next answer is asked for it anew.
   */
  let unseen = { count: 0, until: 0 }
  const slotAt = (now: number): number => Math.floor(now / slotMillis)
  const used = (now: number): number => {
    while (counts[0] !== undefined && counts[0].slot < slotAt(now) - slots) own -= counts.shift()!.count
    return own + (unseen.until > now ? unseen.count : 0)
  }
  /** When how many leave it, soonest first. */
  const leaving = (now: number): { at: number; count: number }[] =>
    [
      ...counts.map(({ slot, count }) => ({ at: (slot + slots + 1) * slotMillis, count })),
      ...(unseen.until > now ? [{ at: unseen.until, count: unseen.count }] : []),
    ].sort((a, b) => a.at - b.at)
  return {
    name,
    left: (now: number): number | null => (limit === null ? null : Math.max(0, limit - used(now))),
    /** 0 where one more request leaves the reserve untouched; else how long until it does. */
    waitFor(reserve: number, now: number): number {
      if (limit === null) return 0
      let over = used(now) + 1 - Math.max(1, Math.floor(limit * (1 - reserve)))
      if (over <= 0) return 0
      for (const { at, count } of leaving(now)) {
        over -= count
        if (over <= 0) return at - now
      }
      return span
    },
    count(now: number): void {
      const last = counts.at(-1)
      if (last?.slot === slotAt(now)) last.count++
      else counts.push({ slot: slotAt(now), count: 1 })
      own++
    },
    /**
     * Nobody said what the key may ask: it is as much as the marketplace ever told to be left, and the request that it told it to. That is the
     * whole key's, not a share; what others use of it shows in what is left.
     */
    learn(left: number): void {
      if (ownLimit === null) limit = Math.max(limit ?? 0, left + 1)
    },
    believe(left: number, now: number): void {
      if (limit === null) return
      used(now)
      unseen = { count: Math.max(0, limit - own - left), until: now + Math.min(span, hourMillis) }
    },
  }
}
