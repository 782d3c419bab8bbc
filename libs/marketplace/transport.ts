import Bottleneck from 'bottleneck'
import { Pool } from 'undici'
import type { Clock } from '#lib/clock/clock.ts'
import { dayMillis } from '#lib/clock/durations.ts'
import { retryAfterMillis } from '#lib/clock/retry-after.ts'
import { futureToleranceMillis } from '#lib/market/horizons.ts'
import packageJson from '../../package.json' with { type: 'json' }
import type { Budget, Worth } from './budget.ts'
import { isRateLimit, MarketplaceError, type MarketplaceErrorCode } from './errors.ts'

export type TransportOptions = Readonly<{
  clock: Clock
  /** Never in a log line or an error message: it is cut out of whatever the other side sends back. */
  apiKey: string
  /** Shared by all requests, whatever their address. */
  requestsPerSecond: number
  concurrentRequests: number
  /** For the whole answer. */
  timeoutMillis: number
  /** What this process may ask of the key; absent: as much as it likes. */
  budget?: Budget
  /** How often one request is sent before its error is thrown. */
  attempts: number
  /** A larger answer is refused before it is read. Bytes. */
  maxBodyBytes: number
  /** The header that says what time it is on a simulated market; null: by our own clock. */
  marketTimeHeader: string | null
  /** Why an answer with status 200 is none all the same. Tried again where that is transient. */
  refusalIn?: (json: unknown) => MarketplaceError | null
  /** Told of each request sent; `answer` when it came. */
  observe?: (result: 'ok' | MarketplaceErrorCode, millis: number, answer: HttpAnswer | null) => void
}>

/** JSON as it came, and when it was in our hands. */
export type HttpAnswer = Readonly<{
  json: unknown
  /** Wall clock, in milliseconds. */
  heldAt: number
  /** The market's clock, in milliseconds: what `observedAt` of an event is. */
  marketTime: number
  /** What is left of the key's quota, where the marketplace says so. */
  quotaRemaining: number | null
}>

export interface Transport {
  /** Rejects with MarketplaceError only. */
  /** @param worth what goes last when the budget runs dry */
  post(url: string, body: unknown, worth?: Worth): Promise<HttpAnswer>
  get(url: string): Promise<HttpAnswer>
  /** Ends waiting and open requests with MarketplaceError `closed`. Idempotent. */
  close(): Promise<void>
}

/** A gateway refuses requests that do not say who sends them. */
const userAgent = `flipstream/${packageJson.version}`
const firstBackoffMillis = 200
const maxBackoffMillis = 10_000
/** Longer pauses than this are the caller's business: it can say so in its readiness. */
const maxPauseMillis = 5_000
/** A day that is spent is waited for, whole. */
const maxRetryAfterMillis = dayMillis

/** One pool per host, one limiter for all. Retries what is transient: with jittered backoff, never before `Retry-After`. */
export function createTransport(options: TransportOptions): Transport {
  const { clock, attempts } = options
  const limiter = new Bottleneck({ maxConcurrent: options.concurrentRequests, minTime: 1_000 / options.requestsPerSecond })
  const pools = new Map<string, Pool>()
  const closing = new AbortController()
  /** By the monotonic clock. */
  let pausedUntil = 0
  /** After a long pause one request asks alone whether it is over. */
  let probe: 'none' | 'due' | 'asking' = 'none'
  let closed: Promise<void> | null = null

  const poolFor = (origin: string): Pool => {
    const pool = pools.get(origin) ?? new Pool(origin, { connections: options.concurrentRequests, pipelining: 1 })
    pools.set(origin, pool)
    return pool
  }
  const sleepUntil = async (moment: number): Promise<void> => {
    const wait = moment - clock.monotonic()
    if (wait > 0) await clock.sleep(wait, closing.signal)
  }
  const passPause = async (): Promise<void> => {
    const pause = pausedUntil - clock.monotonic()
    if (pause > maxPauseMillis) {
      const message = `the marketplace asked us to wait until ${new Date(clock.now() + pause).toISOString()}`
      throw new MarketplaceError('rate_limited', message, { retryAfterMillis: pause })
    }
    await sleepUntil(pausedUntil)
  }
  /** May a request go out now? Counts it where it may; all of this at one moment, so that one that is held back leaves no trace. */
  const admit = ({ worth }: Request): void => {
    if (probe === 'asking')
      throw new MarketplaceError('rate_limited', 'one request asks whether the pause is over', { retryAfterMillis: 1_000 })
    if ((options.budget?.spent.waitMillis() ?? 0) > 0) probe = 'due'
    options.budget?.spend(worth)
    if (probe === 'due') probe = 'asking'
  }
  /** Everybody waits: the limit is the key's, not the request's. */
  const pauseFor = ({ code, message, retryAfterMillis }: MarketplaceError): void => {
    const pause = retryAfterMillis ?? 0
    const isTold = code === 'rate_limited' && (options.budget?.refused(pause, message) ?? false)
    if (!isTold) pausedUntil = Math.max(pausedUntil, clock.monotonic() + pause)
    probe = probe === 'asking' || pause > maxPauseMillis ? 'due' : probe
  }
  const once = async (request: Request): Promise<HttpAnswer> => {
    await passPause()
    admit(request)
    const startedAt = performance.now()
    try {
      const answer = await exchange(poolFor(request.url.origin), request, options, closing.signal)
      probe = 'none'
      options.observe?.('ok', performance.now() - startedAt, answer)
      return answer
    } catch (error) {
      const known = describe(error, request, options, closing.signal.aborted)
      options.observe?.(known.code, performance.now() - startedAt, null)
      pauseFor(known)
      throw known
    }
  }
  const send = async (request: Request): Promise<HttpAnswer> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await limiter.schedule(() => once(request))
      } catch (error) {
        const known = describe(error, request, options, closing.signal.aborted)
        if (!known.transient || attempt >= attempts || (known.retryAfterMillis ?? 0) > maxPauseMillis) throw known
        const backoff = Math.min(maxBackoffMillis, firstBackoffMillis * 2 ** (attempt - 1)) * (0.5 + clock.random())
        const wait = Math.max(backoff, known.retryAfterMillis ?? 0)
        await sleepUntil(Math.max(clock.monotonic() + wait, pausedUntil)).catch(() => {
          throw closedError()
        })
      }
    }
  }
  const end = async (): Promise<void> => {
    closing.abort(closedError())
    await limiter.stop({ dropWaitingJobs: true, dropErrorMessage: 'closed' })
    await Promise.all([...pools.values()].map((pool) => pool.destroy()))
  }
  return {
    post: (url, body, worth = 'listings') => send({ method: 'POST', url: new URL(url), body: JSON.stringify(body), worth }),
    get: (url) => send({ method: 'GET', url: new URL(url), body: null, worth: 'exchangeRate' }),
    close() {
      closed ??= end()
      return closed
    },
  }
}

type Request = Readonly<{ method: 'GET' | 'POST'; url: URL; body: string | null; worth: Worth }>

const closedError = () => new MarketplaceError('closed', 'the marketplace client was closed')

async function exchange(pool: Pool, { method, url, body }: Request, options: TransportOptions, closing: AbortSignal): Promise<HttpAnswer> {
  const response = await pool.request({
    method,
    path: `${url.pathname}${url.search}`,
    headers: { 'content-type': 'application/json', accept: 'application/json', 'x-api-key': options.apiKey, 'user-agent': userAgent },
    body,
    signal: AbortSignal.any([closing, AbortSignal.timeout(options.timeoutMillis)]),
    headersTimeout: options.timeoutMillis,
    bodyTimeout: options.timeoutMillis,
  })
  const text = await readBody(response.body, options.maxBodyBytes)
  const header = (name: string): string | null => {
    const value = response.headers[name]
    return (Array.isArray(value) ? value[0] : value) ?? null
  }
  const retryAfter = retryAfterMillis(header('retry-after'), options.clock, maxRetryAfterMillis)
  options.budget?.heard({ minute: quotaOf(header('x-ratelimit-remaining-minute')), day: quotaOf(header('x-ratelimit-remaining-day')) })
  if (isChallenge(header('cf-mitigated'), header('content-type'), response.statusCode, text))
    throw challengedError(response.statusCode, text, retryAfter)
  if (invalidQueryStatuses.has(response.statusCode)) throwIfInvalidQuery(text, options)
  if (response.statusCode !== 200) throw statusError(response.statusCode, text, retryAfter)
  const heldAt = options.clock.now()
  if (options.marketTimeHeader === null) refuseClockAhead(heldAt, header('date'))
  const json = parseJson(text)
  const refusal = method === 'POST' ? (options.refusalIn?.(json) ?? null) : null
  if (refusal !== null)
    throw refusal.code === 'rate_limited'
      ? new MarketplaceError('rate_limited', refusal.message, { retryAfterMillis: retryAfter })
      : refusal
  return {
    json,
    heldAt,
    marketTime: options.marketTimeHeader === null ? heldAt : marketTimeOf(options.marketTimeHeader, header(options.marketTimeHeader)),
    quotaRemaining: quotaOf(header('x-ratelimit-remaining') ?? header('ratelimit-remaining')),
  }
}

/**
 * Without a clock of the market's own, events are stamped by this machine's, and one stamp that is days ahead makes the fold forget all that
 * is older than its horizon. The marketplace says with each answer what time it is; an answer without a date is taken as it is.
 */
function refuseClockAhead(heldAt: number, date: string | null): void {
  const said = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(said) || heldAt <= said + futureToleranceMillis) return
  const [ours, theirs] = [heldAt, said].map((millis) => new Date(millis).toISOString())
  throw new MarketplaceError(
    'clock_ahead',
    `expected this machine's clock to be at most 5 min ahead of the marketplace's (${theirs}), found ${ours}: set it (NTP)`,
  )
}

async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw new MarketplaceError('too_large', `expected an answer of at most ${maxBytes} bytes, found more`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Some servers tell with another status than 200 which field of a query they do not know: in the same words. */
const invalidQueryStatuses: ReadonlySet<number> = new Set([400, 422])

function throwIfInvalidQuery(text: string, { refusalIn }: TransportOptions): void {
  let refusal: MarketplaceError | null = null
  try {
    refusal = refusalIn?.(JSON.parse(text)) ?? null
  } catch {
    return
  }
  if (refusal?.code === 'refused') throw refusal
}

function statusError(status: number, text: string, retryAfter: number | null): MarketplaceError {
  const said = `status ${status}: ${beginning(text)}`
  if (status === 401) {
    return new MarketplaceError('unauthorized', `the marketplace refused the API key (${said}); set AXIE_API_KEY to a valid key`)
  }
  if (status === 429 || (status < 500 && isRateLimit(text)))
    return new MarketplaceError('rate_limited', `too many requests (${said})`, { retryAfterMillis: retryAfter })
  if (status === 403) {
    const advice = 'give it the permission for the Axie marketplace in the developer console, where its app is listed'
    return new MarketplaceError('forbidden', `the API key is not allowed to ask this (${said}); ${advice}`)
  }
  if (status === 408 || status >= 500)
    return new MarketplaceError('unavailable', `the marketplace is unwell (${said})`, { retryAfterMillis: retryAfter })
  return new MarketplaceError('refused', `the marketplace did not accept the request (${said})`)
}

/** A page for browsers, where JSON was asked for: by the gateway's own header, a refusal in HTML, or one by the number of its page. */
function isChallenge(mitigated: string | null, contentType: string | null, status: number, text: string): boolean {
  if (mitigated !== null) return true
  const isHtml = contentType?.includes('text/html') || /^\s*<(!doctype|html)/i.test(text)
  if (status === 403 && /^\s*error code: \d/i.test(text)) return true
  return Boolean(isHtml) && (status === 403 || (status !== 429 && /just a moment/i.test(text)))
}

function challengedError(status: number, text: string, retryAfter: number | null): MarketplaceError {
  const advice = 'the key is not the reason; ask less often, or from another address'
  const message = `the gateway wants a browser to prove itself (status ${status}: ${beginning(text)}): ${advice}`
  return new MarketplaceError('challenged', message, { retryAfterMillis: retryAfter })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new MarketplaceError('not_json', `expected JSON, found ${beginning(text)}`)
  }
}

function marketTimeOf(name: string, header: string | null): number {
  const millis = header !== null && /^\d{1,15}$/.test(header) ? Number(header) : Number.NaN
  if (!Number.isNaN(millis)) return millis
  throw new MarketplaceError('unexpected_shape', `expected header ${name} with milliseconds (MARKET_TIME_HEADER), found ${header}`)
}

const quotaOf = (header: string | null): number | null => (header !== null && /^\d{1,15}$/.test(header) ? Number(header) : null)

const beginning = (text: string): string => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)

/** Any error as one of ours, without the key. */
function describe(error: unknown, { url }: Request, options: TransportOptions, isClosed: boolean): MarketplaceError {
  if (isClosed) return closedError()
  const withoutKey = (text: string): string => text.replaceAll(options.apiKey, '[key]')
  if (error instanceof MarketplaceError) {
    const { code, retryAfterMillis: wait } = error
    return error.message.includes(options.apiKey)
      ? new MarketplaceError(code, withoutKey(error.message), { retryAfterMillis: wait })
      : error
  }
  const { name, code, message } = error as Error & { code?: string }
  const where = `${url.origin}${url.pathname}`
  if (name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new MarketplaceError('timed_out', `no answer from ${where} within ${options.timeoutMillis} ms`)
  }
  return new MarketplaceError('unavailable', withoutKey(`${where} cannot be reached: ${message || (code ?? name)}`))
}
