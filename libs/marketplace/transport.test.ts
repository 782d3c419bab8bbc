import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createMarketplace, type Marketplace } from './client.ts'
import type { MarketplaceError } from './errors.ts'

type Reply = Readonly<{ status?: number; body: string; headers?: Readonly<Record<string, string>> }>

const json = (value: unknown, status = 200): Reply => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
})
const rate = json({ data: { exchangeRate: { eth: { usd: 3_000 }, usdc: { usd: 1 } } } })

const opened: { close(): unknown }[] = []
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close()
})

/** Gives each request the next of the replies, the last one for ever; keeps what was asked. */
async function marketplaceThatSays(replies: readonly Reply[], attempts = 3) {
  const asked: { headers: IncomingHttpHeaders; query: string }[] = []
  const leftOut: string[] = []
  const server: Server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const { status = 200, body: text, headers = {} } = replies[Math.min(asked.length, replies.length - 1)]!
      asked.push({ headers: request.headers, query: (JSON.parse(body) as { query: string }).query })
      response.writeHead(status, headers).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  opened.push(server)
  const marketplace = createMarketplace({
    ...{ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, leaderboardUrl: null, apiKey: 'the-key', clock: systemClock },
    ...{ requestsPerSecond: 1_000, concurrentRequests: 4, timeoutMillis: 5_000, attempts, maxBodyBytes: 1e6, marketTimeHeader: null },
    onFieldLeftOut: (field) => leftOut.push(field),
  })
  opened.push(marketplace)
  return { marketplace, asked, leftOut }
}

const failureOf = async (marketplace: Marketplace): Promise<MarketplaceError> =>
  marketplace.exchangeRate().then(
    () => {
      throw new Error('expected a failure')
    },
    (error: MarketplaceError) => error,
  )

describe('the time of an answer', () => {
  const dated = (millis: number): Reply => ({ ...rate, headers: { ...rate.headers, date: new Date(millis).toUTCString() } })
  const minute = 60_000

  test.each([30 * 24 * 60, 60, 6])('is not this machine’s where its clock is %i minutes ahead of the marketplace’s', async (minutes) => {
    const { marketplace, asked } = await marketplaceThatSays([dated(systemClock.now() - minutes * minute)])
    expect(await failureOf(marketplace)).toMatchObject({ code: 'clock_ahead', message: expect.stringContaining('NTP') })
    expect(asked, 'asking again does not set a clock').toHaveLength(1)
  })

  test.each([4, 0, -60])('is this machine’s where its clock is %i minutes ahead', async (minutes) => {
    const { marketplace } = await marketplaceThatSays([dated(systemClock.now() - minutes * minute)])
    const { marketTime, heldAt } = await marketplace.exchangeRate()
    expect(marketTime).toBe(heldAt)
  })

  test('is this machine’s where the answer says none that can be read', async () => {
    const { marketplace } = await marketplaceThatSays([{ ...rate, headers: { ...rate.headers, date: 'yesterday' } }])
    expect((await marketplace.exchangeRate()).value.ethUsd).toBe(3_000)
  })
})

describe('a request', () => {
  test('says who sends it', async () => {
    const { marketplace, asked } = await marketplaceThatSays([rate])
    await marketplace.exchangeRate()
    expect(asked[0]?.headers['user-agent']).toMatch(/^flipstream\/\d/)
  })

  test('is sent again where the answer is an error told with status 200', async () => {
    const { marketplace, asked } = await marketplaceThatSays([
      json({ errors: [{ message: '502: Bad Gateway' }] }),
      json({ message: 'API rate limit exceeded' }),
      rate,
    ])
    expect((await marketplace.exchangeRate()).value).toMatchObject({ ethUsd: 3_000, usdcUsd: 1, axsUsd: null })
    expect(asked).toHaveLength(3)
  })
})

describe('a refusal', () => {
  const challenge = '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head></html>'

  test('in HTML is a challenge and says nothing of the key', async () => {
    for (const reply of [
      { status: 403, body: challenge, headers: { 'content-type': 'text/html; charset=UTF-8', 'cf-mitigated': 'challenge' } },
      { status: 403, body: challenge },
      { status: 503, body: challenge, headers: { 'content-type': 'text/html' } },
      { status: 403, body: 'error code: 1020', headers: { 'content-type': 'text/plain' } },
    ]) {
      const { marketplace } = await marketplaceThatSays([reply], 1)
      expect(await failureOf(marketplace)).toMatchObject({
        code: 'challenged',
        transient: true,
        message: expect.stringContaining('the key is not the reason'),
      })
    }
  })

  test('for asking too much is one whatever its status', async () => {
    for (const status of [400, 403, 429]) {
      const { marketplace } = await marketplaceThatSays([json({ message: 'API rate limit exceeded' }, status)], 1)
      expect(await failureOf(marketplace)).toMatchObject({ code: 'rate_limited', transient: true })
    }
  })

  test('of a permission says where to give it, and one of a key which setting is wrong', async () => {
    const forbidden = await marketplaceThatSays([json({ message: 'You cannot consume this service' }, 403)])
    expect(await failureOf(forbidden.marketplace)).toMatchObject({
      code: 'forbidden',
      transient: false,
      message: expect.stringMatching(/permission.*developer console/),
    })
    expect(forbidden.asked).toHaveLength(1)
    const unknown = await marketplaceThatSays([json({ message: 'Invalid authentication credentials' }, 401)])
    expect(await failureOf(unknown.marketplace)).toMatchObject({ code: 'unauthorized', message: expect.stringContaining('AXIE_API_KEY') })
  })
})

describe('a field that the marketplace no longer has', () => {
  const gone = {
    errors: [
      { message: 'Cannot query field "usdc" on type "ExchangeRate".' },
      { message: 'Cannot query field "ron" on type "ExchangeRate".' },
    ],
  }

  test('is left out from then on, and told once', async () => {
    for (const status of [200, 400, 422]) {
      const { marketplace, asked, leftOut } = await marketplaceThatSays([json(gone, status), rate])
      expect((await marketplace.exchangeRate()).value.ethUsd).toBe(3_000)
      await marketplace.exchangeRate()
      expect(asked.map(({ query }) => /usdc|ron/.test(query))).toEqual([true, false, false])
      expect(leftOut).toEqual(['ExchangeRate.usdc', 'ExchangeRate.ron'])
    }
  })

  test('ends the query where nothing works without it, after asking once', async () => {
    const { marketplace, asked } = await marketplaceThatSays([
      json({ errors: [{ message: 'Cannot query field "eth" on type "ExchangeRate".' }] }),
    ])
    expect(await failureOf(marketplace)).toMatchObject({ code: 'refused', message: expect.stringContaining('"eth"') })
    expect(asked).toHaveLength(1)
  })
})
