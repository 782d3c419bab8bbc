/**
 * Why the marketplace gave no usable answer. `transient`: asking again later may help by itself; the transport has already done so a
 * few times when it throws one. Not transient: somebody must act (`unauthorized`, `forbidden`), or our query or the marketplace has changed.
 */
export const marketplaceErrorCodes = [
  /** 401: the key is wrong or missing. */
  'unauthorized',
  /** 403: the key is right, and not allowed to ask this. */
  'forbidden',
  /** A page that asks a browser to prove itself: the gateway holds back our address, whatever the key. */
  'challenged',
  /** 429, or told so with status 200. */
  'rate_limited',
  /** 5xx, no connection, or one that ended too early. */
  'unavailable',
  'timed_out',
  /** A web page, half an answer, or JSON that is none. */
  'not_json',
  'too_large',
  /** Any other status, or a query that names what the schema does not have: our request is not what the marketplace expects. */
  'refused',
  /** No data but errors. */
  'graphql_error',
  /** JSON, but not in the shape that was asked for. */
  'unexpected_shape',
  /** This machine's clock is ahead of the marketplace's: what is stamped by it would make the market forget. */
  'clock_ahead',
  /** The client was closed meanwhile. */
  'closed',
] as const

export type MarketplaceErrorCode = (typeof marketplaceErrorCodes)[number]

const transientCodes: ReadonlySet<MarketplaceErrorCode> = new Set([
  'rate_limited',
  'unavailable',
  'challenged',
  'timed_out',
  'not_json',
  'graphql_error',
])

export class MarketplaceError extends Error {
  override readonly name = 'MarketplaceError'
  readonly code: MarketplaceErrorCode
  /** What the marketplace asked us to wait, in milliseconds. */
  readonly retryAfterMillis: number | null
  constructor(code: MarketplaceErrorCode, message: string, options: ErrorOptions & { retryAfterMillis?: number | null } = {}) {
    super(message, options)
    this.code = code
    this.retryAfterMillis = options.retryAfterMillis ?? null
  }
  get transient(): boolean {
    return transientCodes.has(this.code)
  }
}

/** Whether words, whatever status they came with, tell that too much was asked. */
export const isRateLimit = (said: string): boolean => /rate.?limit|too.?many.?requests|quota|throttl|^(status )?429\b/i.test(said)
