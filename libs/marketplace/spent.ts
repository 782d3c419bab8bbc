/**
 * Until when a key's requests are spent. Several processes share one key: what the marketplace told one of them, all of them keep to, also
 * after a restart (topic `marketplace.key`, see spent-record.ts). Here what such a record means, and for how long it is believed.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis, hourMillis, minuteMillis, secondMillis } from '#lib/clock/durations.ts'
import type { KeySpent } from '#schemas/types.ts'
import { type BudgetUser, shares } from './shares.ts'

/** What others should know of: whose share is spent (null: the key itself), for how long, and why. */
export type Spending = Readonly<{ share: BudgetUser | null; millis: number; reason: string }>

export interface Spent {
  /** Milliseconds until this process may ask again; 0: now. */
  waitMillis(): number
  /** What holds it back; null: nothing. `until` by the wall clock, as it is now. */
  holding(): (Pick<KeySpent, 'share' | 'by' | 'reason'> & Readonly<{ until: number }>) | null
  /** Holds here from now on, and is told to all who use the key. */
  tell(spending: Spending): void
}

/** A pause shorter than this is a busy minute, which each process meets by itself. */
export const leastToldMillis = minuteMillis

/** No window is longer than a day, so what claims to be spent for longer is garbage, or was written by a clock gone wrong. */
const maxMillis = dayMillis + hourMillis

/** Names a key without telling it: another key, bought today, is not held back by what was spent with the old one. */
export const fingerprintOf = (apiKey: string): string => createHash('sha256').update(apiKey).digest('hex').slice(0, 12)

/** The key of a record in its topic: the newest about a share replaces the one before. */
export const spentKey = ({ key, share }: Pick<KeySpent, 'key' | 'share'>): string => `${key} ${share ?? 'all'}`

/** Milliseconds of the wall clock that a record still holds; 0 of one that is over, and of one that cannot be right. */
export function holdsFor({ until }: Pick<KeySpent, 'until'>, now: number): number {
  const left = until - now
  return left > 0 && left <= maxMillis ? left : 0
}

const users = Object.keys(shares) as BudgetUser[]
/** When a spent key is due again one process asks first: where it is refused, the others hear of it before their turn comes. */
const turnMillis = (user: BudgetUser): number => users.indexOf(user) * 2 * secondMillis

export type HeldShares = Omit<Spent, 'tell'> & Readonly<{ take(record: KeySpent): void; forget(logKey: string): void }>

/** What holds, by the records met so far. Ends by monotonic time: whoever sets the clock meanwhile prolongs nothing. */
export function createHeldShares({ clock, user, key }: { clock: Clock; user: BudgetUser; key: string }): HeldShares {
  const shares = new Map<string, Readonly<{ record: KeySpent; endsAt: number }>>()
  const longest = () => {
    const holding = [...shares.values()].filter(({ endsAt }) => endsAt > clock.monotonic())
    return holding.reduce<(typeof holding)[number] | null>((most, one) => (one.endsAt > (most?.endsAt ?? 0) ? one : most), null)
  }
  return {
    take(record) {
      if (record.key !== key || (record.share !== null && record.share !== user)) return
      const left = holdsFor(record, clock.now())
      const turn = record.share === null ? turnMillis(user) : 0
      if (left === 0) shares.delete(spentKey(record))
      else shares.set(spentKey(record), { record, endsAt: clock.monotonic() + left + turn })
    },
    forget: (logKey) => void shares.delete(logKey),
    waitMillis: () => Math.max(0, (longest()?.endsAt ?? 0) - clock.monotonic()),
    holding() {
      const most = longest()
      if (most === null) return null
      const { share, by, reason } = most.record
      return { share, by, reason, until: Math.round(clock.now() + most.endsAt - clock.monotonic()) }
    },
  }
}

/** For a process alone, without a log to tell others by. */
export function createSpentAlone({ clock, user }: { clock: Clock; user: BudgetUser }): Spent {
  const shares = createHeldShares({ clock, user, key: '' })
  return { ...shares, tell: (spending) => shares.take(recordOf(spending, { clock, user, key: '' })) }
}

export const recordOf = (
  { share, millis, reason }: Spending,
  { clock, user, key }: { clock: Clock; user: BudgetUser; key: string },
): KeySpent => ({ key, share, until: Math.ceil(clock.now() + millis), at: clock.now(), by: user, reason: reason.slice(0, maxReasonLength) })

const maxReasonLength = 300
