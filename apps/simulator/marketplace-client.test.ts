import { describe, expect, test, vi } from 'vitest'
import { createManualClock } from '#lib/clock/clock.ts'
import { checkAsk } from '#lib/market/ask.ts'
import type { Marketplace } from '#lib/marketplace/client.ts'
import { MarketplaceError } from '#lib/marketplace/errors.ts'
import { startedSimulator } from '../../tests/worlds/started-simulator.ts'

/** The real client against the simulated marketplace, over a real socket. */

vi.setConfig({ testTimeout: 30_000 })

const page = { from: 0, size: 100 }
/** Time that a test moves: the market shows what appeared since then. */
const stillClock = () => createManualClock(Date.parse('2026-11-23T00:00:00Z'))
const failure = async (asked: Promise<unknown>): Promise<MarketplaceError> => {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(MarketplaceError)
  return error as MarketplaceError
}

describe('a market in order', () => {
  test('shows the newest listings, and runs from then on', async () => {
    const clock = stillClock()
    const simulator = await startedSimulator({ SIMULATOR_SPEED: '60' }, clock)
    const client = simulator.client()
    await client.settledSales(page)
    clock.advanceTo(clock.now() + 60_000)
    const first = await client.newestListings(page)
    expect(first.marketTime).toBe(simulator.start)
    expect(first.items).toHaveLength(100)
    expect(first.rejects).toEqual([])
    const starts = first.items.map(({ ask }) => ask.startedAt)
    expect(starts).toEqual(starts.toSorted((a, b) => b - a))
    clock.advanceTo(clock.now() + 60_000)
    const second = await client.newestListings(page)
    expect(second.marketTime).toBe(simulator.start + 3_600_000)
    expect(second.items[0]?.ask.startedAt).toBeGreaterThan(simulator.start)
  })

  test('shows the cheapest of a class, cheapest first', async () => {
    const client = (await startedSimulator()).client()
    const { items } = await client.cheapestListings({ classes: ['Plant'] }, page)
    expect(new Set(items.map(({ item }) => item.class))).toEqual(new Set(['Plant']))
    const prices = items.map(({ ask }) => checkAsk(ask).currentWei)
    expect(prices).toEqual(prices.toSorted((a, b) => a - b))
  })

  test('shows settled sales, an axie by its id, the rate of exchange and the leaderboard', async () => {
    const client = (await startedSimulator()).client()
    const sales = await client.settledSales({ from: 10, size: 5 })
    expect(sales.items).toHaveLength(5)
    const { newest } = sales.items[0]!
    expect((await client.axie(newest.item.tokenId)).value).toMatchObject({ lastSale: { saleId: newest.saleId } })
    expect((await client.axie('999999999')).value).toBeNull()
    const [open] = (await client.newestListings(page)).items
    expect((await client.axie(open!.item.tokenId)).value?.listing).toMatchObject({ listingId: open!.listingId })
    expect((await client.exchangeRate()).value.ethUsd).toBe(3_000)
    const leaderboard = await client.leaderboard()
    expect(leaderboard?.value.axies.length).toBeGreaterThan(500)
    expect(leaderboard?.value.axies[0]).toMatchObject({ rank: 1, parts: expect.arrayContaining([expect.stringMatching(/^back-/)]) })
  })

  test('has no leaderboard where none is named', async () => {
    expect(await (await startedSimulator()).client({ leaderboardUrl: null }).leaderboard()).toBeNull()
  })

  test('answers introspection, variables and mistakes as GraphQL does', async () => {
    const { url } = await startedSimulator()
    const ask = async (body: unknown) => {
      const headers = { 'content-type': 'application/json', 'x-api-key': 'simulated' }
      return (await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) })).json()
    }
    expect(await ask({ query: '{ __type(name: "Order") { fields { name } } }' })).toMatchObject({
      data: { __type: { fields: expect.arrayContaining([{ name: 'currentPrice' }]) } },
    })
    expect(await ask({ query: '{ axies { colour } }' })).toMatchObject({ errors: [{ message: expect.stringContaining('colour') }] })
    const tooMany = { query: 'query Q($n: Int!) { axies(auctionType: Sale, size: $n) { total } }', variables: { n: 101 } }
    expect(await ask(tooMany)).toMatchObject({ errors: [{ message: expect.stringContaining('size') }] })
  })

  test('tells the market time on every answer, refusals included', async () => {
    const { url } = await startedSimulator()
    for (const path of ['/graphql', '/stats', '/nowhere']) {
      const { headers } = await fetch(`${url}${path}`, { method: path === '/graphql' ? 'POST' : 'GET' })
      expect(Number(headers.get('x-market-time'))).toBe(Date.parse('2026-01-13T00:00:00Z'))
    }
  })
})

describe('a marketplace that is unwell', () => {
  test.each([
    ['tooManyRequests', 'rate_limited'],
    ['unavailable', 'unavailable'],
    ['html', 'challenged'],
    ['cutBody', 'unavailable'],
  ] as const)('%s: asked again until it answers; for ever: %s', async (fault, code) => {
    const simulator = await startedSimulator()
    const results: string[] = []
    const client = simulator.client({ attempts: 2, observe: (result) => results.push(result) })
    await simulator.faults({ [fault]: { share: 1, times: 1 } })
    expect((await client.newestListings(page)).items).toHaveLength(100)
    expect(results).toEqual([code, 'ok'])
    await simulator.faults({ [fault]: 1 })
    expect((await failure(client.newestListings(page))).code).toBe(code)
  })

  test('Retry-After is honoured by every request, not only the one that was refused', async () => {
    const simulator = await startedSimulator()
    await simulator.faults({ tooManyRequests: { share: 1, times: 1 } })
    let second: Promise<unknown> = Promise.resolve()
    const client = simulator.client({
      observe(result) {
        if (result === 'rate_limited') second = client.settledSales(page)
      },
    })
    const startedAt = performance.now()
    await client.exchangeRate()
    await second
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990)
    expect((await simulator.stats())['answers']).toEqual({ 200: 2, 429: 1 })
  })

  test('its rate limit is met by the limiter of the client', async () => {
    const simulator = await startedSimulator({ SIMULATOR_RATE_LIMIT_PER_SECOND: '20' })
    const refusals: string[] = []
    let quota: number | null = null
    const client = simulator.client({
      requestsPerSecond: 15,
      observe(result, _millis, answer) {
        if (result !== 'ok') refusals.push(result)
        quota = answer?.quotaRemaining ?? quota
      },
    })
    await Promise.all(Array.from({ length: 25 }, () => client.exchangeRate()))
    expect(refusals).toEqual([])
    expect(quota).toBeGreaterThanOrEqual(0)
  })

  test('an answer that takes too long is a time-out', async () => {
    const simulator = await startedSimulator()
    await simulator.faults({ latencyMilliseconds: 2_000 })
    expect((await failure(simulator.client({ timeoutMillis: 50, attempts: 1 }).exchangeRate())).code).toBe('timed_out')
  })

  test('an answer that is too large is refused before it is read', async () => {
    const client = (await startedSimulator()).client({ maxBodyBytes: 1_000 })
    expect((await failure(client.newestListings(page))).code).toBe('too_large')
  })

  test('a wrong key is said once, clearly, and without the key', async () => {
    const client = (await startedSimulator()).client({ apiKey: 'secret-of-mine' })
    const error = await failure(client.exchangeRate())
    expect(error).toMatchObject({ code: 'unauthorized', transient: false, message: expect.stringContaining('AXIE_API_KEY') })
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain('secret-of-mine')
  })

  test('an address where nobody answers is unavailable', async () => {
    const client = (await startedSimulator()).client({ url: 'http://127.0.0.1:9/graphql', attempts: 1 })
    expect(await failure(client.exchangeRate())).toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:9') })
  })

  test('a closed client ends what is waiting', async () => {
    const simulator = await startedSimulator()
    await simulator.faults({ latencyMilliseconds: 60_000 })
    const client = simulator.client()
    const asked = Array.from({ length: 8 }, () => failure(client.exchangeRate()))
    await client.close()
    expect((await Promise.all(asked)).map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 'closed'))
  })

  test('without the header that tells the time of the market, nothing is believed', async () => {
    const client = (await startedSimulator()).client({ marketTimeHeader: 'x-other-time' })
    expect(await failure(client.exchangeRate())).toMatchObject({
      code: 'unexpected_shape',
      message: expect.stringContaining('x-other-time'),
    })
  })
})

describe('a marketplace that says strange things', () => {
  /** A market on which every new offer is faulty, and a page of such offers. */
  const faulty = async (fault: string, read: (client: Marketplace) => Promise<unknown> = (client) => client.newestListings(page)) => {
    const clock = stillClock()
    const simulator = await startedSimulator({ SIMULATOR_SPEED: '3600' }, clock)
    const client = simulator.client()
    await client.newestListings(page)
    await simulator.faults({ [fault]: 1 })
    clock.advanceTo(clock.now() + 1_000)
    await read(client)
    return { simulator, client, clock, listings: await client.newestListings(page) }
  }

  test.each([
    ['brokenPrice', ['bad_price']],
    ['missingField', ['missing_field']],
    ['fieldError', ['graphql_error']],
  ])('%s: every such listing is refused with its reason and its raw JSON', async (fault, codes) => {
    const { listings } = await faulty(fault)
    expect(listings.rejects.length).toBeGreaterThan(50)
    expect(listings.items.length + listings.rejects.length).toBe(100)
    expect([...new Set(listings.rejects.map(({ code }) => code))]).toEqual(codes)
    for (const { raw, message } of listings.rejects) expect([typeof JSON.parse(raw), message.length > 0]).toEqual(['object', true])
  })

  test('missing fields are named, whichever it is', async () => {
    const { listings } = await faulty('missingField')
    const named = new Set(listings.rejects.map(({ message }) => message.split(':')[0]))
    expect(named.size).toBeGreaterThan(6)
  })

  test.each([
    ['unknownPart', { item: { parts: expect.arrayContaining(['back-unicorn']) } }],
    ['unknownClass', { item: { class: 'Griffin' } }],
    ['longGenes', { item: { genes: expect.stringMatching(/^0x[0-9a-f]{128}$/) } }],
    ['egg', { item: { parts: [], class: '' } }],
  ])('%s passes the client', async (fault, expected) => {
    const { listings, simulator } = await faulty(fault)
    expect(listings.rejects).toEqual([])
    expect(listings.items[0]).toMatchObject(expected)
    expect((await simulator.stats()).faults[fault]).toBeGreaterThan(50)
  })

  test('an offer from the future passes the client', async () => {
    const { listings } = await faulty('futureStart')
    expect(listings.items[0]!.ask.startedAt).toBeGreaterThan(listings.marketTime + 3_600_000)
  })

  test('an offer that vanishes is gone without a sale', async () => {
    const { listings, client, clock } = await faulty('vanishes')
    const [vanishing] = listings.items
    clock.advanceTo(clock.now() + 1_000)
    expect((await client.newestListings(page)).items.some(({ listingId }) => listingId === vanishing!.listingId)).toBe(false)
  })

  test.each(['duplicatePage', 'duplicateItems', 'shuffledPage'])('%s: the entries are still entries', async (fault) => {
    const simulator = await startedSimulator()
    const client = simulator.client()
    await client.newestListings(page)
    await simulator.faults({ [fault]: 1 })
    const { items, rejects } = await client.newestListings({ from: 100, size: 100 })
    expect(items).toHaveLength(100)
    expect(rejects).toEqual([])
  })

  test('faults that do not exist are refused, by name', async () => {
    const simulator = await startedSimulator()
    expect(await simulator.faults({ earthquake: 1 })).toBe(400)
    expect(await simulator.faults({ html: 2 })).toBe(400)
    expect(await simulator.faults({})).toBe(200)
  })
})
