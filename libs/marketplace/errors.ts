/**
 * Why the marketplace gave no usable answer. `transient`: asking again later may help by itself; the transport has already done so a
 * few times when it throws one. Not transient: somebody must act (`unauthorized`), or our query or the marketplace has changed.
 */
export const marketplaceErrorCodes = [
  /** 401 or 403: the key is wrong, missing, or not allowed to. */
  'unauthorized',
  /** 429. */
  'rate_limited',
  /** 5xx, no connection, or one that ended too early. */
  'unavailable',
  'timed_out',
  /** A web page, or half an answer. */
  'not_json',
  'too_large',
  /** Any other status: our request is not what the marketplace expects. */
  'refused',
  /** No data but errors. */
  'graphql_error',
  /** JSON, but not in the shape that was asked for. */
  'unexpected_shape',
  /** The client was closed meanwhile. */
  'closed',
] as const

export type MarketplaceErrorCode = (typeof marketplaceErrorCodes)[number]

const transientCodes: ReadonlySet<MarketplaceErrorCode> = new Set(['rate_limited', 'unavailable', 'timed_out', 'not_json', 'graphql_error'])

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
