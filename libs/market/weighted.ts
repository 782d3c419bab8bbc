/** Values with weights, and their quantiles. */
export type Weighted = Readonly<{ value: number; weight: number }>

export const totalWeight = (pairs: readonly Weighted[]): number => pairs.reduce((sum, { weight }) => sum + weight, 0)

/** In place, ascending; so that neither quantiles nor sums depend on the order in which pairs were found. */
export const sortWeighted = (pairs: Weighted[]): Weighted[] => pairs.sort((a, b) => a.value - b.value || a.weight - b.weight)

/** The first value at or below which `share` of the weight lies. @param sorted as `sortWeighted` leaves them. NaN of none. */
export function weightedQuantile(sorted: readonly Weighted[], total: number, share: number): number {
  let below = 0
  for (const { value, weight } of sorted) {
    below += weight
    if (below >= share * total) return value
  }
  return sorted.at(-1)?.value ?? Number.NaN
}

/** @param prior weight of a further pair of value 0: few pairs are drawn towards it */
export const weightedMean = (pairs: readonly Weighted[], total: number, prior = 0): number =>
  pairs.reduce((sum, { value, weight }) => sum + value * weight, 0) / (total + prior)
