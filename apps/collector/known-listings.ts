import type { SeenReject } from '#lib/marketplace/newest-first.ts'
import type { Reject } from '#lib/marketplace/page.ts'

/**
 * Which listings were met already, in a list that is bounded and travels in every commit. It holds the newest ids; whatever is older than
 * the oldest of them (the floor) and not among them was met too, because the marketplace's list is read without holes.
 */

export type Memory = Readonly<{
  /** How many of the newest are remembered by id; also how many that begin in the future, and how many rejects. */
  capacity: number
  /** Until that many have been met: what is older than this was there before we came. Milliseconds. */
  firstLookMillis: number
}>

const rejectPrefix = 'reject:'

/** How a reject is remembered: apart from a listing of the same id, which may come out right the next time. */
export const rejectId = (key: string): string => `${rejectPrefix}${key}`
export const isReject = (id: string): boolean => id.startsWith(rejectPrefix)

/** Milliseconds; the last part of a listing's id. NaN for any other text. */
export const startedAtOf = (listingId: string): number =>
  listingId.startsWith('axie:') ? Number(listingId.slice(listingId.lastIndexOf(':') + 1)) : Number.NaN

/** Tells, for a moment of the market, what is past: what began before and is not known by id was met before. */
export function createFloor(ids: readonly string[], { capacity, firstLookMillis }: Memory): (now: number) => number {
  const starts = ids.filter((id) => !isReject(id)).map(startedAtOf)
  let last = { now: Number.NaN, floor: Number.NaN }
  return (now) => {
    if (now === last.now) return last.floor
    // An offer that claims to begin tomorrow must not make everything of today look old.
    const begun = starts.filter((startedAt) => startedAt <= now)
    const oldest = begun.reduce((least, startedAt) => Math.min(least, startedAt), Number.POSITIVE_INFINITY)
    // Counted with those of tomorrow: a clock that steps back must not make the memory look unused.
    const isFull = starts.length >= capacity && begun.length > 0
    last = { now, floor: isFull ? oldest : Math.min(oldest, now - firstLookMillis) }
    return last.floor
  }
}

/** The ids to remember, newest first: by the time they began, rejects by the time they were met. */
export function remember(ids: readonly string[], fresh: readonly string[], now: number, { capacity }: Memory): string[] {
  const all = [...new Set([...fresh, ...ids])]
  const listings = all.filter((id) => !isReject(id)).sort((a, b) => startedAtOf(b) - startedAtOf(a))
  const future = listings.filter((id) => startedAtOf(id) > now).slice(-capacity)
  const begun = listings.filter((id) => startedAtOf(id) <= now)
  // Offers of the same second stay or go together: the floor cannot tell them apart.
  const lastKept = begun[capacity - 1]
  const kept = lastKept === undefined ? begun : begun.filter((id) => startedAtOf(id) >= startedAtOf(lastKept))
  return [...future, ...kept, ...all.filter(isReject).slice(0, capacity)]
}

/** Those that are not known by their key. */
export const unmetRejects = (rejects: readonly SeenReject[], known: ReadonlySet<string>): Reject[] =>
  rejects.map(({ reject }) => reject).filter(({ key }) => !known.has(rejectId(key)))
