/** Buckets as Discord keeps them: a number of requests in a window, told in headers, and 429 beyond. */
export type Bucket = { readonly limit: number; readonly windowMillis: number; resetAt: number; used: number }

export const createBucket = (limit: number, windowMillis: number): Bucket => ({ limit, windowMillis, resetAt: 0, used: 0 })

/** Takes one request; headers as Discord sends them, and how long to wait where the bucket is empty. */
export function take(bucket: Bucket, name: string, now: number): { headers: Record<string, string>; waitMillis: number | null } {
  if (now >= bucket.resetAt) {
    bucket.resetAt = now + bucket.windowMillis
    bucket.used = 0
  }
  const isEmpty = bucket.used >= bucket.limit
  if (!isEmpty) bucket.used++
  const waitMillis = bucket.resetAt - now
  const headers = {
    'x-ratelimit-limit': String(bucket.limit),
    'x-ratelimit-remaining': String(bucket.limit - bucket.used),
    'x-ratelimit-reset': String(bucket.resetAt / 1_000),
    'x-ratelimit-reset-after': String(waitMillis / 1_000),
    'x-ratelimit-bucket': name,
  }
  return { headers, waitMillis: isEmpty ? waitMillis : null }
}
