import type { Clock } from './clock.ts'

/**
 * How long the HTTP header `retry-after` asks to wait, in milliseconds, at least 0 and at most `maxMillis`: seconds (also with decimals, as
 * some servers write them) or an HTTP date (RFC 9110, 10.2.3). Null where it is not there, or neither.
 */
export function retryAfterMillis(header: string | null, clock: Pick<Clock, 'now'>, maxMillis: number): number | null {
  if (header === null) return null
  const millis = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - clock.now()
  return Number.isNaN(millis) ? null : Math.min(maxMillis, Math.max(0, millis))
}
