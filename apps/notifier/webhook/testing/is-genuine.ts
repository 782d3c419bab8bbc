import { timingSafeEqual } from 'node:crypto'
import { macOf, type WebhookHeaders } from '../signature.ts'

/** As receivers do: whether this came from whoever holds the key, and not long before or after `now`. */
export function isGenuine(
  key: Buffer,
  headers: WebhookHeaders,
  { body, now, toleranceMillis }: Readonly<{ body: string; now: number; toleranceMillis: number }>,
): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (!(Math.abs(now - Number(timestamp) * 1_000) <= toleranceMillis)) return false
  const expected = Buffer.from(`v1,${macOf(key, id, timestamp, body)}`)
  return signatures.split(' ').some((one) => {
    const given = Buffer.from(one)
    return given.length === expected.length && timingSafeEqual(given, expected)
  })
}
