/** Intervals of a mean from a handful of independent values (Student 1908). */
import type { Interval } from './interval.ts'

/** The 97.5% quantile for 1 to 30 degrees of freedom. */
const quantiles = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086,
  2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
]

/** Beyond the table by the first terms of its expansion around the normal quantile: within 0.001 of the truth. */
export function studentQuantile(degreesOfFreedom: number): number {
  const normal = 1.959964
  const listed = quantiles[degreesOfFreedom - 1]
  return listed ?? normal + (normal ** 3 + normal) / (4 * degreesOfFreedom)
}

/** The 95% interval of the mean; null for fewer values than `least`. */
export function meanInterval(values: readonly number[], least: number): Interval | null {
  if (values.length < Math.max(2, least)) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  const half = studentQuantile(values.length - 1) * Math.sqrt(variance / values.length)
  return { low: mean - half, high: mean + half }
}
