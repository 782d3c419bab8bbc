/**
 * Seeded chance: the same seed gives the same market for ever, on every machine (32-bit integer arithmetic only).
 * Generator: sfc32 by Chris Doty-Humphrey (PractRand), seeded through the finaliser of MurmurHash3.
 */
export type Random = Readonly<{
  /** Uniform in [0, 1). */
  next(): number
  /** Uniform whole number in [0, below). */
  below(below: number): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** Exponential with this mean. */
  exponential(mean: number): number
  chance(probability: number): boolean
}>

export function createRandom(...seed: readonly (string | number)[]): Random {
  const text = seed.join('\u0000')
  let a = hash32(text, 1)
  let b = hash32(text, 2)
  let c = hash32(text, 3)
  let counter = 1
  const next32 = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + result
    return result >>> 0
  }
  for (let warmUp = 0; warmUp < 12; warmUp++) next32()
  const next = () => next32() / 4_294_967_296
  return {
    next,
    below: (below) => Math.floor(next() * below),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    exponential: (mean) => -Math.log(1 - next()) * mean,
    chance: (probability) => next() < probability,
  }
}

/** A well mixed 32-bit hash of a text (FNV-1a, then MurmurHash3's finaliser). Not for security. */
export function hash32(text: string, salt = 0): number {
  let hash = 0x811c9dc5 ^ salt
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Draws an index with probability proportional to its weight; the sums are made once. */
export function createWeightedChoice(weights: readonly number[]): (random: Random) => number {
  const sums: number[] = []
  let total = 0
  for (const weight of weights) {
    total += weight
    sums.push(total)
  }
  return (random) => {
    const target = random.next() * total
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (sums[middle]! > target) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** The value at a probability of a distribution given by measured quantiles `[probability, value]`, linear in between. */
export function quantileAt(quantiles: readonly (readonly [number, number])[], probability: number): number {
  const above = quantiles.findIndex(([p]) => p >= probability)
  if (above === 0) return quantiles[0]![1]
  if (above === -1) return quantiles.at(-1)![1]
  const [lowP, low] = quantiles[above - 1]!
  const [highP, high] = quantiles[above]!
  return low + ((high - low) * (probability - lowP)) / (highP - lowP)
}
