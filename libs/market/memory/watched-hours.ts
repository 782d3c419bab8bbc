import { hourMillis } from '#lib/clock/durations.ts'

/**
 * Hours of the clock in which somebody watched the market, as far as anyone can tell: those that hold a sale. A busy market is never silent
 * for an hour, so an hour without a sale is one that nobody polled.
 */
export interface WatchedHours {
  add(soldAt: number): void
  /** Forgets the hours that began by then. */
  forgetUpTo(time: number): void
  /** How many of the hours that began after `after`, up to that of `until`. */
  between(after: number, until: number): number
}

const hourOf = (time: number): number => Math.floor(time / hourMillis)

export function createWatchedHours(): WatchedHours {
  const hours = new Set<number>()
  let oldest = Number.POSITIVE_INFINITY
  return {
    add(soldAt) {
      hours.add(hourOf(soldAt))
      oldest = Math.min(oldest, hourOf(soldAt))
    },
    forgetUpTo(time) {
      for (; oldest <= hourOf(time); oldest++) {
        hours.delete(oldest)
        if (hours.size === 0) oldest = Number.POSITIVE_INFINITY
      }
    },
    between(after, until) {
      let count = 0
      for (let hour = Math.max(hourOf(after) + 1, oldest); hour <= hourOf(until); hour++) if (hours.has(hour)) count++
      return count
    },
  }
}
