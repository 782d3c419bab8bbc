export type LatencySummary = Readonly<{ n: number; p50: number; p99: number }>

/** Quantiles of the newest measurements, in milliseconds; null before the first. */
export function createRecentLatency(capacity: number): Readonly<{ record(millis: number): void; summary(): LatencySummary | null }> {
  const values = new Float64Array(capacity)
  let count = 0
  return {
    record(millis) {
      values[count++ % capacity] = Math.max(0, millis)
    },
    summary() {
      const n = Math.min(count, capacity)
      if (n === 0) return null
      const sorted = values.slice(0, n).sort()
      const quantile = (share: number) => sorted[Math.min(n - 1, Math.floor(share * n))] as number
      return { n, p50: quantile(0.5), p99: quantile(0.99) }
    },
  }
}
