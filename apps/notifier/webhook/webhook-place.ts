import { createHash } from 'node:crypto'
import type { Clock } from '#lib/clock/clock.ts'
import { retryAfterMillis } from '#lib/clock/retry-after.ts'
import type { Place, Posting } from '../delivery/place.ts'
import { isUnsent } from '../delivery/unsent.ts'
import { signed } from './signature.ts'

/** What a receiver is told: one event, in JSON. `type`: what `data` holds. */
export type WebhookMessage = Readonly<{ type: 'alert' | 'resale' | 'summary' | 'notice'; data: Readonly<Record<string, unknown>> }>

export type WebhookPlaceOptions = Readonly<{
  /** Where events are posted. It may hold a token: it is never told. */
  url: string
  key: Buffer
  timeoutMillis: number
  clock: Clock
}>

/** Any address that takes signed JSON. What it did with a request it did not answer nobody can look up. */
export function createWebhookPlace({ url, key, timeoutMillis, clock }: WebhookPlaceOptions): Place<WebhookMessage> {
  return {
    name: `outgoing:${createHash('sha256').update(url).digest('hex').slice(0, 12)}`,
    recall: 'none',
    async post({ type, data }, reference) {
      const at = clock.now()
      const body = JSON.stringify({ id: reference, type, timestamp: new Date(at).toISOString(), data })
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'flipstream',
        ...signed(key, { id: reference, at, body }),
      }
      try {
        const response = await fetch(url, {
          method: 'POST',
          headers,
          body,
          // Wherever it points, the signature was not made for.
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMillis),
        })
        await response.body?.cancel()
        return postingOf(response, clock)
      } catch (error) {
        const code = codeOf(error)
        return { type: isUnsent(code) ? 'unsent' : 'unknown', problem: problemOf(error, code) }
      }
    },
    find: () => Promise.reject(new Error('a webhook cannot be read')),
  }
}

function postingOf({ status, headers }: Response, clock: Clock): Posting {
  const problem = `the webhook answered ${status}`
  if (status >= 200 && status < 300) return { type: 'posted', messageId: null }
  const retryAfter = retryAfterMillis(headers.get('retry-after'), clock, maxRetryMillis)
  if (status === 429 || (status === 503 && retryAfter !== null))
    return { type: 'limited', retryAfterMillis: Math.max(1, retryAfter ?? usualRetryMillis) }
  // A secret that is not the receiver's is a matter of settings: the event waits for it as long as it can.
  if (status === 401) return { type: 'unsent', problem }
  return { type: status >= 500 ? 'unknown' : 'refused', problem }
}

const usualRetryMillis = 5_000
const maxRetryMillis = 3_600_000

/** fetch hides the reason behind a general word. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } }
  const inner = cause?.code ?? code
  return typeof inner === 'string' ? inner : ''
}

/** Never the message: it may hold the address. */
function problemOf(error: unknown, code: string): string {
  const { name } = error as Error
  if (name === 'TimeoutError' || name === 'AbortError') return 'no answer from the webhook in time'
  return `the webhook cannot be reached (${code || name})`
}
