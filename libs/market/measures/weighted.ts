/**
 * Values with weights in ascending order (of equal values the lightest first), and their quantiles: so neither quantiles nor sums depend
 * on the order in which pairs were found. Made once and filled again for every listing, since the fold runs in one thread.
 */
export type Weighted = { count: number; readonly values: Float64Array; readonly weights: Float64Array }

/** Empty, with room for this many pairs. */
export const createWeighted = (capacity: number): Weighted => ({
  count: 0,
  values: new Float64Array(capacity),
  weights: new Float64Array(capacity),
})

/** Puts a pair in its place: for few. */
export function insertWeighted(into: Weighted, value: number, weight: number): void {
  const { values, weights } = into
  let place = into.count
  for (; place > 0; place -= 1) {
    const before = values[place - 1] as number
    if (before < value || (before === value && (weights[place - 1] as number) <= weight)) break
    values[place] = before
    weights[place] = weights[place - 1] as number
  }
  values[place] = value
  weights[place] = weight
  into.count += 1
}

/** Takes in all pairs of another, their weights times `factor`. From the back, so that it needs no other room. */
export function mergeWeighted(into: Weighted, from: Weighted, factor: number): void {
  const { values, weights } = into
  let [own, other] = [into.count - 1, from.count - 1]
  into.count += from.count
  for (let place = into.count - 1; other >= 0; place -= 1) {
    const [value, weight] = [from.values[other] as number, factor * (from.weights[other] as number)]
    const isLater = own >= 0 && ((values[own] as number) > value || (values[own] === value && (weights[own] as number) > weight))
    values[place] = isLater ? (values[own] as number) : value
    weights[place] = isLater ? (weights[own] as number) : weight
    if (isLater) own -= 1
    else other -= 1
  }
}

export function totalWeight({ count, weights }: Weighted): number {
  let sum = 0
  for (let place = 0; place < count; place += 1) sum += weights[place] as number
  return sum
}

/** The first value at or below which `share` of the weight lies. NaN without values. */
export function weightedQuantile({ count, values, weights }: Weighted, total: number, share: number): number {
  let below = 0
  for (let place = 0; place < count; place += 1) {
    below += weights[place] as number
    if (below >= share * total) return values[place] as number
  }
  return count === 0 ? Number.NaN : (values[count - 1] as number)
}

/** @param prior weight of a further pair of value 0: few pairs are drawn towards it */
export function weightedMean({ count, values, weights }: Weighted, total: number, prior = 0): number {
  let sum = 0
  for (let place = 0; place < count; place += 1) sum += (values[place] as number) * (weights[place] as number)
  return sum / (total + prior)
}
