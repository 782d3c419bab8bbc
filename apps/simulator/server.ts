import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createYoga } from 'graphql-yoga'
import type { Clock } from '#lib/clock/clock.ts'
import type { HealthReport } from '#lib/telemetry/health.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { LeaderboardAxie } from '#schemas/types.ts'
import { type Faults, faultsSchema, type OfferFault } from './faults.ts'
import { createMarketplaceSchema, refuseIntrospection } from './graphql-schema.ts'
import { ethUsd } from './happenings.ts'
import type { Market } from './market.ts'
import type { MarketClock } from './market-clock.ts'
import { removeFields } from './missing-fields.ts'
import type { Quotas } from './quotas.ts'
import type { RateLimit } from './rate-limit.ts'

export type SimulatorServerOptions = Readonly<{
  market: Market
  marketClock: MarketClock
  clock: Clock
  faults: Faults
  apiKey: string
  rateLimit: RateLimit
  quotas: Quotas
  leaderboard(): readonly LeaderboardAxie[]
  metrics: Metrics
}>

/**
 * An offer, and what was wrong with it. `usd`: what it asked for at first, whatever it was told in. `shown`: its place among those that were
 * shown as new; null: not yet.
 */
export type OfferMade = Readonly<{
  tokenId: string
  startedAt: number
  usd: number
  isDutch: boolean
  fault: OfferFault | null
  shown: number | null
}>

const offerMade = ({ open: { offer, fault }, shown }: ReturnType<Market['offersMade']>[number]): OfferMade => ({
  tokenId: offer.axie.tokenId,
  startedAt: offer.startedAt,
  usd: (Number(offer.basePriceWei) / 1e18) * ethUsd,
  isDutch: offer.durationSeconds > 0,
  fault,
  shown,
})

export type SimulatorServer = Readonly<{
  /** http://host:port, without a slash at the end. */
  url: string
  close(): Promise<void>
}>

type Answer = Readonly<{ status: number; body: string; headers?: Readonly<Record<string, string>>; cut?: boolean }>

const json = (value: unknown, status = 200): Answer => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
})
const refusal = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  ...json({ message }, status),
  headers: { 'content-type': 'application/json', ...headers },
})
const challenge: Answer = {
  status: 403,
  body: '<!doctype html><html><head><title>Just a moment...</title></head></html>',
  headers: { 'content-type': 'text/html; charset=UTF-8', 'cf-mitigated': 'challenge' },
}
const maxBodyBytes = 1_000_000
/** It needs nothing else, so when it answers it is ready. */
const well: HealthReport = { alive: true, ready: true, conditions: {} }

/** The header on every answer that says what time it is on the market, in milliseconds. */
export const marketTimeHeader = 'x-market-time'

/**
 * The simulated marketplace over HTTP: /graphql (and / alone) as the real one, with key, rate limit and faults, /leaderboard, and for whoever runs it
 * GET /stats, /offers, GET and POST /faults, without key, limit or faults.
 */
export async function startSimulatorServer(
  options: SimulatorServerOptions,
  { host, port }: { host: string; port: number },
): Promise<SimulatorServer> {
  const routes = createRoutes(options)
  const server = createServer((request, response) => {
    const route = routes[`${request.method} ${request.url?.split('?')[0]}`]
    const answering = route === undefined ? Promise.resolve(refusal(404, `no ${request.method} ${request.url}`)) : route(request)
    const reply = (answer: Answer): void => {
      // As of now, so never before what the answer tells.
      response.setHeader(marketTimeHeader, String(options.market.now()))
      send(response, answer)
    }
    answering.then(reply, (error: Error) => reply(refusal(500, error.message)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`expected a TCP address, found ${address}`)
  return {
    url: `http://${host}:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}

function createRoutes(options: SimulatorServerOptions): Readonly<Record<string, (request: IncomingMessage) => Promise<Answer>>> {
  const { market, marketClock, faults } = options
  const answers: Record<string, number> = {}
  const countAnswer = options.metrics.counter('marketplace_answers_total', 'Answers of the simulated marketplace.', ['status'])
  const execute = createExecutor(options)
  const graphql = async (request: IncomingMessage): Promise<Answer> => {
    const answer = await guard(options, request, execute)
    answers[answer.status] = (answers[answer.status] ?? 0) + 1
    countAnswer(1, { status: String(answer.status) })
    return answer
  }
  return {
    'POST /graphql': graphql,
    'POST /': graphql,
    // A browser without a key gets the marketplace's schema explorer.
    'GET /graphql': execute,
    'GET /leaderboard': async () => json({ axies: options.leaderboard().map(({ tokenId, ...axie }) => ({ id: tokenId, ...axie })) }),
    'GET /healthz': async () => json(well),
    'GET /readyz': async () => json(well),
    'GET /metrics.json': async () => json(await options.metrics.snapshot()),
    'GET /stats': async () => {
      market.advanceTo(marketClock.now())
      const happened = { faults: faults.counts(), served: faults.served() }
      return json({ marketTime: market.now(), running: marketClock.isRunning(), ...market.counts(), answers, ...happened })
    },
    'GET /offers': async () => {
      market.advanceTo(marketClock.now())
      return json(market.offersMade().map(offerMade))
    },
    'GET /faults': async () => json(faults.settings()),
    'POST /faults': async (request) => {
      const parsed = faultsSchema.safeParse(parseJson(await readBody(request)))
      if (!parsed.success) return refusal(400, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
      // What has appeared by now appeared under the settings before.
      market.advanceTo(marketClock.now())
      faults.set(parsed.data)
      return json(faults.settings())
    },
  }
}

/** What a gateway does before and after the GraphQL server proper: key, limit, and on bad days worse. */
async function guard(
  { apiKey, rateLimit, quotas, faults, clock, market }: SimulatorServerOptions,
  request: IncomingMessage,
  execute: (request: IncomingMessage) => Promise<Answer>,
): Promise<Answer> {
  if (faults.latencyMilliseconds() > 0) {
    await clock.sleep(faults.latencyMilliseconds())
    faults.serve('latencyMilliseconds')
  }
  if (request.headers['x-api-key'] !== apiKey) return refusal(401, 'Unauthorized: no such API key')
  if (!rateLimit.take() || faults.strikes('tooManyRequests')) return refusal(429, 'API rate limit exceeded', { 'retry-after': '1' })
  const spent = quotas.take()
  if (spent !== null)
    return refusal(429, `API rate limit exceeded: no requests are left this ${spent.window}`, {
      'retry-after': String(Math.ceil(spent.millis / 1_000)),
      ...quotas.headers(),
    })
  if (faults.strikes('challenge')) return challenge
  if (faults.strikes('forbidden')) return refusal(403, 'You cannot consume this service')
  if (faults.strikes('errorsWithoutData')) return json({ errors: [{ message: '502: Bad Gateway' }] })
  if (faults.strikes('limitToldAsSuccess')) return json({ message: 'API rate limit exceeded' })
  if (faults.strikes('unavailable')) return refusal(503, 'Service Unavailable')
  if (faults.strikes('html')) {
    return { status: 200, body: '<!doctype html><title>Just a moment...</title>', headers: { 'content-type': 'text/html' } }
  }
  const answer = await execute(request)
  if (faults.goneFields().length > 0 && answer.body.includes('Cannot query field')) faults.serve('goneFields')
  const remaining = rateLimit.remaining()
  const headers = { ...answer.headers, ...quotas.headers(), ...(remaining === null ? {} : { 'x-ratelimit-remaining': String(remaining) }) }
  const isFaulty = (tokenId: string): boolean => market.axie(tokenId)?.open?.fault === 'missingField'
  const body = (faults.counts()['missingField'] ?? 0) > 0 ? removeFields(answer.body, isFaulty) : answer.body
  return { ...answer, headers, body, cut: faults.strikes('cutBody') }
}

function createExecutor({ market, marketClock, faults }: SimulatorServerOptions): (request: IncomingMessage) => Promise<Answer> {
  const yoga = createYoga({
    schema: createMarketplaceSchema(market, faults, marketClock.start),
    plugins: [refuseIntrospection(faults)],
    logging: false,
    maskedErrors: false,
    landingPage: false,
  })
  return async (request) => {
    const body = request.method === 'POST' ? { body: await readBody(request) } : {}
    market.advanceTo(marketClock.now())
    const response = await yoga.fetch(`http://simulator/graphql${new URL(request.url ?? '/', 'http://simulator').search}`, {
      method: request.method ?? 'POST',
      headers: { 'content-type': request.headers['content-type'] ?? '', accept: request.headers.accept ?? 'application/json' },
      ...body,
    })
    return {
      status: response.status,
      body: await response.text(),
      headers: { 'content-type': response.headers.get('content-type') ?? 'application/json' },
    }
  }
}

function send(response: ServerResponse, { status, body, headers = {}, cut = false }: Answer): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': String(bytes.length) })
  if (!cut) return void response.end(bytes)
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBodyBytes) throw new Error(`expected a body of at most ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
