/** A seeded generator: the same seed gives the same numbers everywhere, so that training can be repeated. */
export type Random = Readonly<{
  /** In [0, 1). */
  uniform(): number
  /** Standard normal (Box and Muller 1958). */
  normal(): number
}>

/** Mulberry32 (Tommy Ettinger, 2017): 32 bits of state, enough to shuffle and to initialise weights. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  }
}

/** In place (Fisher and Yates). */
export function shuffle(items: Int32Array, random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.uniform() * (last + 1))
    const kept = items[last] as number
    items[last] = items[other] as number
    items[other] = kept
  }
}
