import { dayMillis, hourMillis, minuteMillis } from '#lib/clock/durations.ts'

/**
 * How far back anything reaches. The fold's state is a function of the events of the last `horizonMillis` and a few carried values, so
 * that a restart refolds that much of the log and stands exactly where it stood.
 */

/** An event may happen this much later than it was observed (clocks differ); beyond, it is refused as `future_event`. */
export const futureToleranceMillis = 5 * minuteMillis

/** Sales are remembered one by one for this long. */
export const salesMillis = 14 * dayMillis
/** The longest window of the market's level. A remembered sale was compared with the level of that long before it: the spans add up. */
export const levelMillis = 7 * dayMillis
/** Sales older than this on arrival change nothing. */
export const oldestSaleMillis = salesMillis + levelMillis

/** An open ask unseen for this long is forgotten. */
export const askMillis = 48 * hourMillis
/** A seller's listings are counted over this long. */
export const sellerMillis = 60 * minuteMillis
/** An exchange rate is good for this long; older than that, prices without dollars are unknown rather than wrong. */
export const exchangeRateMillis = 60 * minuteMillis
/** A leaderboard comes anew each day, and is good for this long where it does not. */
export const leaderboardMillis = 14 * dayMillis

/** Three weeks, and the age of the exchange rate that may have turned the oldest sale into dollars, and the tolerated future. */
export const horizonMillis = oldestSaleMillis + exchangeRateMillis + futureToleranceMillis
