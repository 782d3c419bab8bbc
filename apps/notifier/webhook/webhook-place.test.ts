import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { type Answer, startWebhookReceiver } from '../../../tests/worlds/webhook-receiver.ts'
import { keyOf } from './signature.ts'
import { createWebhookPlace } from './webhook-place.ts'

let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
beforeEach(async () => {
  receiver = await startWebhookReceiver()
})
afterEach(() => receiver.close())

const placeOf = (url = receiver.url, secret = receiver.secret, timeoutMillis = 10_000) =>
  createWebhookPlace({ url, key: keyOf(secret) as Buffer, timeoutMillis, clock: systemClock })
/** Where nobody listens any more. */
async function nowhere(): Promise<string> {
  const gone = await startWebhookReceiver()
  await gone.close()
  return `${new URL(gone.url).origin}/`
}
const event = { type: 'alert', data: { alertId: 'axie:1:1:default' } } as const

it('posts JSON that whoever has the secret knows to be ours', async () => {
  expect(await placeOf().post(event, 'r'.repeat(25))).toEqual({ type: 'posted', messageId: null })
  expect(receiver.taken).toMatchObject([{ id: 'r'.repeat(25), isGenuine: true, event: { id: 'r'.repeat(25), type: 'alert' } }])
  expect(receiver.taken[0]?.event.data).toEqual(event.data)
  const other = `whsec_${Buffer.alloc(32).toString('base64')}`
  await placeOf(receiver.url, other).post(event, 'r')
  expect(receiver.taken[1]).toMatchObject({ isGenuine: false })
})

it.each<[string, Answer, object]>([
  ['200', { status: 200 }, { type: 'posted', messageId: null }],
  ['301', { status: 301, headers: { location: 'http://127.0.0.1:1/' } }, { type: 'refused', problem: 'the webhook answered 301' }],
  ['400', { status: 400 }, { type: 'refused', problem: 'the webhook answered 400' }],
  ['401', { status: 401 }, { type: 'unsent', problem: 'the webhook answered 401' }],
  ['410', { status: 410 }, { type: 'refused', problem: 'the webhook answered 410' }],
  ['429', { status: 429 }, { type: 'limited', retryAfterMillis: 5_000 }],
  ['429 with seconds', { status: 429, headers: { 'retry-after': '2' } }, { type: 'limited', retryAfterMillis: 2_000 }],
  ['429 with nonsense', { status: 429, headers: { 'retry-after': 'soon' } }, { type: 'limited', retryAfterMillis: 5_000 }],
  ['429 for a year', { status: 429, headers: { 'retry-after': '31536000' } }, { type: 'limited', retryAfterMillis: 3_600_000 }],
  ['500', { status: 500 }, { type: 'unknown', problem: 'the webhook answered 500' }],
  ['503', { status: 503 }, { type: 'unknown', problem: 'the webhook answered 503' }],
  ['503 for a while', { status: 503, headers: { 'retry-after': '1' } }, { type: 'limited', retryAfterMillis: 1_000 }],
  ['a cut', 'cut', { type: 'unknown', problem: expect.stringMatching(/^the webhook cannot be reached \(/) }],
])('%s is what became of it', async (_, answer, posting) => {
  receiver.answer(answer)
  expect(await placeOf().post(event, 'r')).toEqual(posting)
  expect(receiver.requests()).toBe(1)
})

it('nobody there: it never arrived; no answer in time: it may have', async () => {
  expect(await placeOf(await nowhere()).post(event, 'r')).toMatchObject({
    type: 'unsent',
    problem: expect.stringContaining('ECONNREFUSED'),
  })
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
  expect(await placeOf(url, receiver.secret, 100).post(event, 'r')).toEqual({
    type: 'unknown',
    problem: 'no answer from the webhook in time',
  })
  silent.close().closeAllConnections()
})

it('nothing that is told or thrown holds the address or the secret', async () => {
  const results: unknown[] = []
  for (const answer of [{ status: 500 }, { status: 301 }, 'cut', { status: 204 }] as const) {
    receiver.answer(answer)
    results.push(await placeOf().post(event, 'r'))
  }
  results.push(await placeOf(`${await nowhere()}a-token-that-nobody-is-told`).post(event, 'r'))
  results.push(
    placeOf().name,
    await placeOf()
      .find('r', 0)
      .catch((error: Error) => [error.message, error.stack]),
  )
  expect(JSON.stringify(results)).not.toMatch(/a-token-that|whsec_|127\.0\.0\.1/)
})
