import { createHmac } from 'node:crypto'

/**
 * Signatures as the Standard Webhooks specification has them (standardwebhooks.com): receivers of any language verify them with its
 * libraries. What is signed is `<id>.<timestamp>.<body>`, the timestamp in seconds.
 */
export type WebhookHeaders = Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>>

const prefix = 'whsec_'
const [minBytes, maxBytes] = [24, 64]

/** The key in `whsec_` and base64; null: it is none, too short to be safe, or too long to be meant. */
export function keyOf(secret: string): Buffer | null {
  if (!secret.startsWith(prefix)) return null
  const text = secret.slice(prefix.length)
  const key = Buffer.from(text, 'base64')
  const isWhole = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
  return isWhole && key.length >= minBytes && key.length <= maxBytes ? key : null
}

export function signed(key: Buffer, { id, at, body }: Readonly<{ id: string; at: number; body: string }>): WebhookHeaders {
  const timestamp = String(Math.floor(at / 1_000))
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${macOf(key, id, timestamp, body)}` }
}

/** HMAC-SHA256, in base64. */
export const macOf = (key: Buffer, id: string, timestamp: string, body: string): string =>
  createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
