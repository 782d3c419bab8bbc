/**
 * A bag of log prices that answers "the k lowest" exactly. Prices are kept as whole thousandths of a natural logarithm in two Fenwick
 * trees (counts and sums), so that adding and removing leave no trace: no drift, whatever came and went before.
 * Each operation takes about 15 steps.
 */

/** One bin is 0.1% of a price. */
const binsPerUnit = 1_000
const lowestUsd = 0.01
const highestUsd = 1_000_000
const lowestBin = Math.round(Math.log(lowestUsd) * binsPerUnit)
const binCount = Math.round(Math.log(highestUsd) * binsPerUnit) - lowestBin + 1
const highestBit = 2 ** Math.floor(Math.log2(binCount))

/** The bin of a log price, dollars; prices beyond a cent or a million count as these, which no robust mean notices. */
export function binOf(logPrice: number): number {
  const bin = Math.round(logPrice * binsPerUnit) - lowestBin
  return bin < 0 ? 0 : bin >= binCount ? binCount - 1 : bin
}

const logOf = (bin: number): number => (bin + lowestBin) / binsPerUnit

export interface OrderStatistics {
  add(bin: number): void
  remove(bin: number): void
  count(): number
  /** Natural logarithm of dollars at the rank floor(share × (count - 1)), 0 the cheapest; null of an empty bag. */
  quantile(share: number): number | null
  /** The mean of the middle: a quarter of the prices (rounded down) is left out at either end. Null of an empty bag. */
  midmean(): number | null
}

export function createOrderStatistics(): OrderStatistics {
  // Many bags stay empty (a class nobody sells): memory comes with the first price.
  let counts = new Int32Array(0)
  let sums = new Float64Array(0)
  let total = 0
  /** Asked for by several measures of each listing; undefined once the bag has changed. */
  let middle: number | undefined

  function change(bin: number, by: 1 | -1): void {
    if (counts.length === 0) {
      counts = new Int32Array(binCount + 1)
      sums = new Float64Array(binCount + 1)
    }
    total += by
    middle = undefined
    const amount = by * bin
    for (let node = bin + 1; node <= binCount; node += node & -node) {
      counts[node] = (counts[node] as number) + by
      sums[node] = (sums[node] as number) + amount
    }
  }

  /** Walks down to the bin that holds the rank; `sum` is that of all lower ranks. */
  function descend(rank: number): { bin: number; sum: number } {
    let [node, left, sum] = [0, rank, 0]
    for (let step = highestBit; step > 0; step >>>= 1) {
      const next = node + step
      if (next > binCount || (counts[next] as number) > left) continue
      node = next
      left -= counts[next] as number
      sum += sums[next] as number
    }
    return { bin: node, sum: sum + left * node }
  }

  function sumOfLowest(howMany: number): number {
    if (howMany === 0) return 0
    const last = descend(howMany - 1)
    return last.sum + last.bin
  }

  return {
    add: (bin) => change(bin, 1),
    remove: (bin) => change(bin, -1),
    count: () => total,
    quantile: (share) => (total === 0 ? null : logOf(descend(Math.floor(share * (total - 1))).bin)),
    midmean() {
      if (total === 0) return null
      const apart = Math.floor(total / 4)
      middle ??= logOf((sumOfLowest(total - apart) - sumOfLowest(apart)) / (total - 2 * apart))
      return middle
    },
  }
}
