import { get, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app as enricher } from '#app/enricher/main.ts'
import { app as featurizer } from '#app/featurizer/main.ts'
import { app as scorer } from '#app/scorer/main.ts'
import type { App } from '#lib/app/app.ts'
import { listingEvent, listingIdOf, payloadOf } from '#lib/market/event.ts'
import { usdToWei } from '#lib/market/money.ts'
import { sampleOutcome } from '#lib/outcomes/testing/outcome-samples.ts'
import { samplePaperTrade } from '#lib/paper/testing/paper-samples.ts'
import { defaultRulesHash } from '#lib/rules/presets.ts'
import { sampleScored, sampleTime, scoredWith } from '#lib/rules/testing/scored-listing-samples.ts'
import { sampleAlert } from '#lib/stages/testing/alert-samples.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { Item, Outcome, ScoredListing } from '#schemas/types.ts'
import { type DashboardWorld, openDashboardWorld } from '../../tests/worlds/dashboard-world.ts'
import { personOf } from './access.ts'

// The dashboard as it runs, asked over a real socket, on a log in memory.

let world: DashboardWorld
beforeAll(async () => {
  world = await openDashboardWorld()
}, 60_000)
afterAll(() => world.close())

const json = async (path: string, init?: RequestInit) => {
  const response = await world.get(path, init)
  return { status: response.status, type: response.headers.get('content-type'), body: (await response.json()) as Record<string, never> }
}
const post = (path: string, body: unknown) =>
  json(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const soldItem = (): Item => {
  const { kind, value } = payloadOf(someSales(400, 1)[399] as never)
  if (kind !== 'Sale') throw new Error('expected a sale')
  return value.item
}

describe('before anything happened', () => {
  test('every list is empty, nothing is claimed, and a price says what it waits for', async () => {
    expect((await json('/api/listings')).body).toEqual({ simulated: null, total: 0, listings: [] })
    expect((await json('/api/alerts')).body).toEqual({ simulated: null, total: 0, alerts: [] })
    expect((await json('/api/models')).body).toEqual({
      ...{ simulated: null, inForce: null },
      ...{ compared: [], line: [], decisions: [], trainings: [], models: [] },
    })
    expect((await json('/api/market/levels')).body).toMatchObject({ simulated: null, samples: [] })
    const { tokenId: _, ...item } = soldItem()
    expect(await post('/api/price', item)).toMatchObject({
      status: 503,
      type: expect.stringContaining('problem+json'),
      body: { code: 'no_market' },
    })
  })
})

describe('the API', () => {
  beforeAll(async () => {
    await world.openMarket()
  })

  test('prices an axie exactly as the stream does', async () => {
    for (const app of [enricher, featurizer, scorer]) await world.start(app as unknown as App, { TF_BACKEND: 'wasm', CODE_VERSION: 'test' })
    const scored = new Promise<ScoredListing>((resolve) => {
      void world.log.follow(['run.listings.scored'], async (records) =>
        resolve(await world.codec.decode('ScoredListing', records[0]?.value as Buffer)),
      )
    })
    const item = soldItem()
    const observedAt = 1_649_700_000_000
    const ask = { kind: 'fixed', paymentToken: '', durationSeconds: 0, currentPriceUsd: '30', startedAt: observedAt - 1_000 } as const
    const wei = usdToWei(30, 3_000)
    const listing = {
      listingId: listingIdOf(item.tokenId, ask.startedAt),
      item,
      seller: '0xabc',
      ask: { ...ask, basePriceWei: wei, endedPriceWei: wei, currentPriceWei: wei },
    }
    await world.market(listingEvent(listing, { observedAt, origin: 'live', source: 'synthetic' }))
    const inStream = await scored
    await world.log.idle()
    const { status, body } = await json(`/api/price/${item.tokenId}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      forecastUsd: inStream.quantilesUsd,
      simulated: true,
      source: 'synthetic',
      asOf: observedAt,
      ask: { usd: 30 },
    })
    const byParts = await post('/api/price', { axieId: item.tokenId, class: item.class, breedCount: item.breedCount, parts: item.parts })
    expect(byParts.body).toMatchObject({ forecastUsd: inStream.quantilesUsd, ask: null })
  })

  test('says why a listing was alerted or not, however it is named, from what was scored', async () => {
    const scored = scoredWith({ listing: { listingId: 'axie:77:1', item: { ...sampleScored.listing.item, tokenId: '77' } }, novelty: 2 })
    await world.send('listings.scored', 'axie:77', scored)
    await world.log.idle()
    const { status, body } = await json('/api/why/77')
    expect(status).toBe(200)
    expect(body).toMatchObject({
      simulated: true,
      listing: { listingId: 'axie:77:1' },
      ruleSet: { name: 'default', hash: defaultRulesHash },
      rules: [{ rule: 'default', verdict: 'rejected', reason: 'novel', highestAskUsd: null, words: expect.anything() }],
    })
    for (const id of ['axie:77:1', 'axie:77:1:default', encodeURIComponent('https://app.axieinfinity.com/marketplace/axies/77/')])
      expect((await json(`/api/why/${id}`)).body).toEqual(body)
    expect(await json('/api/why/78')).toMatchObject({ status: 404, body: { code: 'not_scored' } })
    expect(await json('/api/why/x')).toMatchObject({ status: 400, body: { code: 'no_subject' } })
  })

  test('lists what became of everything: filtered, sorted, page by page, counted whole', async () => {
    const outcome = (number: number, change: Partial<Outcome>) =>
      sampleOutcome({
        alertId: `axie:${number}:1:default`,
        listingId: `axie:${number}:1`,
        tokenId: `${number}`,
        alertedAt: number,
        ...change,
      })
    const outcomes = [
      outcome(901, { status: 'resold', netUsd: 5, resoldUsd: 30 }),
      outcome(902, { status: 'resold', netUsd: -2, resoldUsd: 20 }),
      outcome(903, { status: 'open', netUsd: null, bought: true }),
      outcome(904, { kind: 'random', rule: 'random', status: 'resold', netUsd: 7 }),
    ]
    for (const one of outcomes) await world.send('outcomes', one.alertId, one)
    await world.log.idle()
    const asked = async (query: string) => {
      const { body } = await json(`/api/trades?to=1970-01-01&${query}`)
      const { trades, ...counts } = body as unknown as { trades: { axieId: string }[] }
      return { ...counts, ids: trades.map(({ axieId }) => axieId) }
    }
    expect(await asked('kind=alert')).toEqual({ simulated: true, total: 3, resold: 2, gained: 1, netUsd: 3, ids: ['903', '902', '901'] })
    expect(await asked('sort=-gain')).toMatchObject({ ids: ['904', '901', '902', '903'] })
    expect(await asked('sort=gain&offset=1&limit=1')).toMatchObject({ total: 4, resold: 3, ids: ['901'] })
    expect(await asked('state=resold&minGain=0&kind=alert')).toMatchObject({ ids: ['901'] })
    expect(await asked('bought=true')).toMatchObject({ total: 1, ids: ['903'] })
    expect(await asked('kind=random')).toMatchObject({ total: 1, ids: ['904'] })
  })

  test('knows what was bought and sold, and what to ask for what is left', async () => {
    const axieId = soldItem().tokenId
    const problemOf = async (path: string, body: unknown) => {
      const answer = await post(path, body)
      return { status: answer.status, code: (answer.body as { code?: string }).code }
    }
    expect(await problemOf('/api/positions', { axieId })).toEqual({ status: 422, code: 'no_price' })
    expect(await problemOf('/api/positions', { axieId, priceUsd: 0 })).toEqual({ status: 422, code: 'bad_price' })
    expect((await problemOf('/api/positions', { axieId, priceUsd: 'ten' })).status).toBe(400)
    expect((await problemOf('/api/positions', { axieId, price: 10 })).status).toBe(400)
    expect(await post('/api/positions', { axieId, priceUsd: 10, at: 1_000 })).toMatchObject({
      status: 200,
      body: { account: 'main', netUsd: null },
    })
    expect(await problemOf('/api/positions', { axieId, priceUsd: 10 })).toEqual({ status: 422, code: 'bought_already' })
    const { body } = await json('/api/positions?status=open')
    expect(body).toMatchObject({ total: 1, openCostUsd: 10, positions: [{ axieId, now: { forecastUsd: expect.anything() } }] })
    const [{ now }] = body['positions'] as unknown as [{ now: { suggestedAskUsd: number; suggestedFrom: string } }]
    expect(now.suggestedAskUsd).toBeGreaterThan(0)
    expect(await problemOf('/api/positions/sold', { axieId, priceUsd: 20, at: 999 })).toEqual({ status: 422, code: 'sold_before_bought' })
    expect(await problemOf('/api/positions/sold', { axieId: '1', priceUsd: 20 })).toEqual({ status: 422, code: 'not_held' })
    expect((await post('/api/positions/sold', { axieId, priceUsd: 20 })).body['netUsd']).toBeCloseTo(20 * 0.9575 - 10)
    expect((await json('/api/positions')).body).toMatchObject({ openCostUsd: 0, positions: [{ soldBy: 'said', now: null }] })
    expect((await json('/api/positions?accounts=main')).status).toBe(400)
  })

  test('names the rule set in force, and refuses parameters that nobody knows', async () => {
    expect((await json('/api/rules')).body).toMatchObject({ inForce: { name: 'default', hash: defaultRulesHash, rules: ['default'] } })
    for (const path of ['/api/rules', '/api/models', '/api/status', '/api/market/levels', '/api/price/1'])
      expect((await json(`${path}?unknown=1`)).status, path).toBe(400)
  })

  test('says what is wrong with a question, as a problem', async () => {
    const cases: [Promise<{ status: number; type: string | null; body: unknown }>, number, RegExp][] = [
      [json('/api/price/12345678'), 404, /POST its parts/],
      [json('/api/price/abc'), 400, /digits/],
      [json('/api/listings?limit=0'), 400, /limit/],
      [json('/api/listings?limit=1e9'), 400, /limit/],
      [json('/api/nothing'), 404, /openapi/],
      [post('/api/price', '{"class": '), 400, /JSON/],
      [post('/api/price', { class: 'Plant', breedCount: 9, parts: [] }), 400, /breedCount/],
      [post('/api/price', { ...soldItem(), class: 'Griffin' }), 422, /Griffin/],
      [
        post('/api/price', { ...soldItem(), parts: Array(6).fill('<img src=x onerror=alert(1)>') }),
        422,
        /expected a part of one of six types/,
      ],
      [post('/api/price', { ...soldItem(), genes: 'x'.repeat(20_000) }), 413, /too large/i],
      [post('/api/price', `${'['.repeat(8_000)}${']'.repeat(8_000)}`), 400, /expected object/],
      [post('/api/price', '{"__proto__": {"class": "Plant"}}'), 400, /JSON/],
      [post('/api/price', { ...soldItem(), class: 'constructor' }), 422, /known class/],
      [json('/api/price', { method: 'POST', body: 'class=Plant', headers: { 'content-type': 'text/plain' } }), 415, /media type/i],
      [json('/api/price/__proto__'), 400, /digits/],
      [json('/api/listings?limit=5&limit=6'), 400, /limit/],
      [json('/api/listings?klass=plant'), 400, /unknown parameter "klass": known are class, from, .*limit/],
      [json('/api/status?x=1&y=2'), 400, /unknown parameter "x", "y": this takes none/],
      [json('/api/alerts?state=sold'), 400, /state/],
      [json('/api/trades?from=yesterday'), 400, /a time with its zone such as .*, or milliseconds/],
      [json('/api/trades?to=2022-04-16T07:00'), 400, /the zone is missing/],
      [json('/api/profit?from=2022-02-31'), 400, /there is no such day/],
      [json('/api/trades?bought=yes'), 400, /bought/],
      [json('/api/trades?kind=alert,nobody'), 400, /alert, random, rejected/],
      [json('/api/trades?sort=price'), 400, /sort/],
      [json('/api/trades?minGain='), 400, /dollars/],
      [json('/api/trades.csv?limit=5'), 400, /unknown parameter "limit"/],
      [json('/%ff%fe'), 400, /not a valid url/],
    ]
    for (const [answer, status, detail] of cases) {
      const found = await answer
      expect(found).toMatchObject({
        status,
        type: expect.stringMatching(/^application\/problem\+json/),
        body: { status, type: 'about:blank' },
      })
      expect((found.body as { detail: string }).detail).toMatch(detail)
    }
  })

  test('shows the newest listings and alerts, bounded, newest first', async () => {
    for (let number = 0; number < 30; number++)
      await world.send('listings.scored', 'k', scoredWith({ listing: { listingId: `listing ${number}` } }))
    await world.send('alerts', 'k', sampleAlert(sampleScored))
    await world.log.idle()
    const { body } = await json('/api/listings?limit=5')
    expect((await json('/api/listings?class=plant')).body).toMatchObject({ total: 0, listings: [] })
    expect((await json('/api/listings?q=5016355&minGain=10&limit=1')).body).toMatchObject({ listings: [{ class: 'aquatic' }] })
    expect((body.listings as unknown as { listingId: string }[]).map(({ listingId }) => listingId)).toEqual(
      [29, 28, 27, 26, 25].map((number) => `listing ${number}`),
    )
    expect((await json('/api/alerts')).body).toMatchObject({
      alerts: [{ reason: expect.any(String), outcome: null, listing: { askUsd: 80 } }],
    })
  })

  test('keeps what came of alerts, narrowed and sorted as asked, as JSON, as CSV and by day', async () => {
    const resold = { status: 'resold', resoldUsd: 140, resoldAt: sampleTime + 3_600_000 } as const
    for (const [alertId, netUsd, rule] of [
      ['one', 30, 'default'],
      ['two', -5, '=cmd()'],
      ['three', 12, 'default'],
    ] as const)
      await world.send('outcomes', 'k', sampleOutcome({ alertId, netUsd, rule, ...resold }))
    await world.send('outcomes', 'k', sampleOutcome({ alertId: 'random:1', kind: 'random', netUsd: 4, ...resold }))
    await world.log.idle()
    const idsOf = async (parameters: string) =>
      ((await json(`/api/trades?from=2022-04-15&${parameters}`)).body.trades as unknown as { tradeId: string }[]).map(
        ({ tradeId }) => tradeId,
      )
    expect(await idsOf('kind=alert&state=resold&sort=-gain')).toEqual(['one', 'three', 'two'])
    expect(await idsOf('kind=alert&minGain=0&sort=gain&limit=1&offset=1')).toEqual(['one'])
    expect(await idsOf('to=2022-04-16&rule=default&maxGain=20')).toEqual(['three'])
    expect(await idsOf('to=2022-04-15')).toEqual([])
    const csv = await world.get('/api/trades.csv?state=resold&sort=gain')
    expect(csv.headers.get('content-disposition')).toContain('.csv')
    expect((await csv.text()).split('\r\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^at,kind,axieId,/),
      expect.stringMatching(/^2022-04-16T12:00:00\.000Z,alert,5016355,\w*,'=cmd\(\),/),
    ])
    expect((await json('/api/profit?from=2022-04-15&rule=default')).body).toMatchObject({
      rows: [{ rule: 'default', alerts: { resold: 2, gained: 2, netUsd: 42 }, random: { purchases: 1, netUsd: 4 } }],
    })
    expect((await json('/api/status')).body).toMatchObject({
      rules: {
        name: 'default',
        rules: [{ name: 'default', words: expect.stringMatching(/exit\.q25 after the fee at least 1\.3 × the ask/) }],
      },
    })
  })

  test('tells what rules earned on paper, by account and by day', async () => {
    const ended = { state: 'resold', endedAt: sampleTime + 3_600_000, priceUsd: 60, gainUsd: 37.4 } as const
    for (const trade of [
      samplePaperTrade({ tradeId: 'one', ...ended }),
      samplePaperTrade({ tradeId: 'two' }),
      samplePaperTrade({ tradeId: 'three', account: 'given-up', alertedAt: sampleTime - 86_400_000, state: 'missed', missedFor: 'gone' }),
    ])
      await world.send('paper.trades', trade.tradeId, trade)
    await world.log.idle()
    const { body } = await json('/api/paper')
    expect(body).toMatchObject({
      capitalUsd: 1_000,
      accounts: [
        { account: 'default', inForce: true, figures: { bought: 2, offered: 1, resold: 1, gained: 1 }, curve: [{}, {}] },
        { account: 'given-up', inForce: false, cashUsd: 1_000, figures: { missed: { gone: 1 } } },
      ],
      days: [{ account: 'default' }, { account: 'given-up' }],
    })
    expect((await json('/api/paper?account=given-up&from=2022-04-16')).body).toMatchObject({ accounts: [{}], days: [] })
  })

  test('has a document that lists every path', async () => {
    const { body } = await json('/api/openapi.json')
    const paths = [
      ...['/api/alerts', '/api/listings', '/api/market/levels', '/api/models', '/api/paper', '/api/positions', '/api/positions/sold'],
      ...[
        '/api/price',
        '/api/price/{axieId}',
        '/api/profit',
        '/api/rules',
        '/api/status',
        '/api/trades',
        '/api/trades.csv',
        '/api/why/{id}',
      ],
    ]
    expect(Object.keys(body.paths ?? {}).sort()).toEqual(paths)
  })

  test('nothing is served that could run what others wrote', async () => {
    const page = await world.get('/')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'self'.*frame-ancestors 'none'/)
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await world.get('/plot/uPlot.esm.js')).status).toBe(200)
  })

  test.each(['/../main.ts', '/..%2fmain.ts', '/%2e%2e/main.ts', '/..\\main.ts', '//etc/passwd', '/page.html%00.js', '/plot/../../main.ts'])(
    'what lies beside the page is not served: %s',
    async (path) => {
      // By node:http, which sends a path as it is.
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>()
      get(world.url, { path }, (response) => resolve(response.resume().statusCode)).on('error', reject)
      expect([403, 404]).toContain(await promise)
    },
  )
})

/** By node:http, which sends any header, and a path as it is. */
function ask(world: DashboardWorld, path: string, headers: Readonly<Record<string, string>> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number | undefined; headers: IncomingHttpHeaders; body: string }>()
  get(world.url, { path, headers }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, headers: response.headers, body }), reject)
  }).on('error', reject)
  return promise
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('in a hostile network', () => {
  let guarded: DashboardWorld
  beforeAll(async () => {
    guarded = await openDashboardWorld({
      API_TOKEN: 'correct-horse',
      API_REQUESTS_PER_MINUTE: '5',
      DASHBOARD_HOSTS: 'flip.example, dashboard',
      TRUSTED_PROXIES: '127.0.0.0/8',
    })
  })
  afterAll(() => guarded.close())
  /** Each case is another person, as the proxy in front says. */
  let people = 0
  const person = () => ({ 'x-forwarded-for': `203.0.113.${++people}` })

  test('only who has the token is answered, and not more often than may be; the empty page is for everyone', async () => {
    const own = person()
    const refused = await ask(guarded, '/api/status', own)
    expect(refused).toMatchObject({
      status: 401,
      headers: { 'content-type': expect.stringContaining('problem+json'), 'www-authenticate': 'Bearer' },
    })
    expect((await guarded.get('/')).status).toBe(200)
    const statuses = []
    for (let turn = 0; turn < 7; turn++) statuses.push((await ask(guarded, '/api/status', { ...own, ...bearer('correct-horse') })).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    const limited = await ask(guarded, '/api/status', { ...own, ...bearer('correct-horse') })
    expect(limited.headers).toMatchObject({ 'content-type': expect.stringContaining('problem+json'), 'retry-after': expect.any(String) })
  })

  test('whoever guesses is told to wait, and locks nobody out, not even at the same address', async () => {
    const own = person()
    const guesses = []
    for (let turn = 0; turn < 40; turn++) guesses.push((await ask(guarded, '/api/status', { ...own, ...bearer(`guess-${turn}`) })).status)
    expect(new Set(guesses.slice(0, 30))).toEqual(new Set([401]))
    expect(new Set(guesses.slice(30))).toEqual(new Set([429]))
    expect((await ask(guarded, '/api/status', { ...own, ...bearer('correct-horse') })).status).toBe(200)
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic correct-horse',
    'correct-horse',
    'Bearer correct-hors',
    'Bearer correct-horse2',
    'Bearer Correct-horse',
  ])('is no token: %j', async (authorization) => {
    expect((await ask(guarded, '/api/status', { ...person(), authorization })).status).toBe(401)
  })

  test.each([
    ['evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['flip.example.evil.example:8080', 421],
    ['notflip.example', 421],
    ['flip.example', 200],
    ['FLIP.example.:443', 200],
    ['dashboard', 200],
    ['localhost:1234', 200],
    ['192.168.1.20:8080', 200],
    ['[::1]:8080', 200],
  ])('a name that was made to point here is refused, page and API (DNS rebinding): %s', async (host, status) => {
    expect((await ask(guarded, '/', { host })).status).toBe(status)
    const api = await ask(guarded, '/api/status', { host, ...person(), ...bearer('correct-horse') })
    expect(api.status).toBe(status)
    if (status === 421) expect(api.body).toContain('DASHBOARD_HOSTS')
  })

  test('what it answers is kept by nobody in between', async () => {
    for (const path of ['/api/status', '/api/listings', '/api/price/abc']) {
      const { headers } = await ask(guarded, path, { ...person(), ...bearer('correct-horse') })
      expect(headers['cache-control'], path).toBe('no-store')
    }
  })

  test('who asks is whom a trusted proxy names, and nobody else’s word', async () => {
    const open = await openDashboardWorld({ API_REQUESTS_PER_MINUTE: '3' })
    const statuses = []
    for (let turn = 0; turn < 5; turn++) statuses.push((await ask(open, '/api/status', { 'x-forwarded-for': `198.51.100.${turn}` })).status)
    await open.close()
    expect(statuses).toEqual([200, 200, 200, 429, 429])
  })

  test('it is not open to others without a token unless somebody said so', async () => {
    const everywhere = { DASHBOARD_HOST: '0.0.0.0' }
    await expect(openDashboardWorld(everywhere)).rejects.toThrow(/DASHBOARD_HOST=0\.0\.0\.0 is open to others, and API_TOKEN is not set/)
    await (await openDashboardWorld({ ...everywhere, API_TOKEN: 'correct-horse' })).close()
    await (await openDashboardWorld({ ...everywhere, API_WITHOUT_TOKEN: 'allow' })).close()
  })
})

test('a person is an address, or a network of IPv6', () => {
  expect(personOf('203.0.113.7')).toBe('203.0.113.7')
  expect(personOf('::ffff:203.0.113.7')).toBe('203.0.113.7')
  expect(personOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  expect(personOf('2001:0db8:1:2::9')).toBe(personOf('2001:db8:1:2:ffff::1'))
  expect(personOf('::1')).toBe('0:0:0:0::/64')
  expect(personOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
})
