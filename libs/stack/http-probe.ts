/** `fetch` that gives up in time and says in one sentence why an address does not answer. */
export async function fetchWithin(url: string, timeoutMillis: number, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMillis))) })
  } catch (error) {
    throw new Error(reasonOf(error), { cause: error })
  }
}

/** One sentence from an error whose own message may be empty: the reason hides one or two levels down. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return 'there was no answer in time'
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error.message === 'fetch failed' && error.cause !== undefined ? reasonOf(error.cause) : error.message
}
