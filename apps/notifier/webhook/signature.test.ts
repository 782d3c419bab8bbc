import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { keyOf, signed } from './signature.ts'
import { isGenuine } from './testing/is-genuine.ts'

const secret = `whsec_${Buffer.from('a key of thirty-two bytes, no less').toString('base64')}`
const key = keyOf(secret) as Buffer
const at = Date.parse('2026-11-30T12:00:00.900Z')
const body = '{"type":"alert"}'
const headers = signed(key, { id: 'abc', at, body })
const given = { body, now: at, toleranceMillis: 300_000 }

test('is that of the specification, by an independent hand', () => {
  expect(headers).toEqual({
    'webhook-id': 'abc',
    'webhook-timestamp': '1796040000',
    'webhook-signature': `v1,${createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update(`abc.1796040000.${body}`)
      .digest('base64')}`,
  })
  // The example of the specification's own libraries.
  const published = keyOf('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') as Buffer
  expect(
    signed(published, { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1_614_265_330_000, body: '{"test": 2432232314}' })['webhook-signature'],
  ).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

test('is told from what was changed, is old, is early, or is of another key', () => {
  expect(isGenuine(key, headers, given)).toBe(true)
  expect(isGenuine(key, { ...headers, 'webhook-signature': `v1,other ${headers['webhook-signature']}` }, given)).toBe(true)
  expect(isGenuine(key, headers, { ...given, body: '{"type":"other"}' })).toBe(false)
  expect(isGenuine(key, { ...headers, 'webhook-id': 'abd' }, given)).toBe(false)
  expect(isGenuine(key, { ...headers, 'webhook-timestamp': '1796040001' }, given)).toBe(false)
  expect(isGenuine(Buffer.alloc(32), headers, given)).toBe(false)
  expect(isGenuine(key, headers, { ...given, now: at + 301_000 })).toBe(false)
  expect(isGenuine(key, headers, { ...given, now: at - 301_000 })).toBe(false)
  expect(isGenuine(key, { ...headers, 'webhook-timestamp': 'never' }, given)).toBe(false)
  expect(isGenuine(key, { ...headers, 'webhook-signature': '' }, given)).toBe(false)
})

test.each([
  ['without its mark', secret.slice(6)],
  ['too short', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['too long', `whsec_${Buffer.alloc(65).toString('base64')}`],
  ['no base64', `whsec_${'*'.repeat(44)}`],
  ['empty', ''],
])('refuses a secret that is %s', (_, text) => {
  expect(keyOf(text)).toBeNull()
})
