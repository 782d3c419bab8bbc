/** An axis reaches this much further than the values that it is made for. */
const air = 1.1
/** Values within so many times of the middle nine of ten are no spike. */
const nearby = 2

/**
 * The range of a logarithmic axis that one spike does not flatten: from the lowest to the highest value, cut where these are more than
 * twice beyond the middle nine of ten. `beyond`: how many values lie outside of it.
 */
export function robustRange(values) {
  const sorted = values.filter((value) => value > 0 && Number.isFinite(value)).sort((a, b) => a - b)
  if (sorted.length === 0) return { low: 1, high: 10, beyond: 0, lowest: 1, highest: 10 }
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))]
  const [lowest, highest] = [sorted[0], sorted.at(-1)]
  const low = Math.max(lowest, at(0.05) / nearby)
  const high = Math.min(highest, at(0.95) * nearby)
  const beyond = sorted.filter((value) => value < low || value > high).length
  return { low: low / air, high: high * air, beyond, lowest, highest }
}
