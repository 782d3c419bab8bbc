/**
 * Prices in the order of their time, and windows over them. Positions are counted from the first price ever kept, so that they stay
 * valid when old ones are dropped. A price that arrives late is put in its place.
 */
export interface PriceTape {
  /** Returns the position. Of equal times the one that came last stands last. */
  insert(time: number, bin: number, group: number): number
  /** Forgets prices up to and with that time. Windows must have moved past them. */
  dropUpTo(time: number): void
  /** The first position kept, and the one past the last. */
  first(): number
  end(): number
  time(position: number): number
  bin(position: number): number
  group(position: number): number
  /** How many are kept with a later time. */
  countAfter(time: number): number
}

export function createPriceTape(): PriceTape {
  let [dropped, length, capacity] = [0, 0, 1_024]
  let times = new Float64Array(capacity)
  let bins = new Int32Array(capacity)
  let groups = new Uint8Array(capacity)
  /** Index of the first price kept, in the arrays. */
  let start = 0

  /** Makes room at the end: by moving to the front what is kept, or by doubling. */
  function makeRoom(): void {
    if (start + length < capacity) return
    const from = start
    if (length > capacity / 2) capacity *= 2
    const move = <Column extends Float64Array | Int32Array | Uint8Array>(column: Column, into: Column): Column => {
      into.set(column.subarray(from, from + length))
      return into
    }
    times = move(times, new Float64Array(capacity))
    bins = move(bins, new Int32Array(capacity))
    groups = move(groups, new Uint8Array(capacity))
    start = 0
  }

  /** The first position with a later time. */
  function positionAfter(time: number): number {
    let [low, high] = [start, start + length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((times[middle] as number) > time) high = middle
      else low = middle + 1
    }
    return low - start + dropped
  }

  return {
    insert(time, bin, group) {
      makeRoom()
      const end = start + length
      let index = end
      if (length > 0 && (times[end - 1] as number) > time) {
        index = positionAfter(time) - dropped + start
        for (const column of [times, bins, groups]) column.copyWithin(index + 1, index, end)
      }
      times[index] = time
      bins[index] = bin
      groups[index] = group
      length += 1
      return index - start + dropped
    },
    dropUpTo(time) {
      const gone = positionAfter(time) - dropped
      start += gone
      dropped += gone
      length -= gone
    },
    first: () => dropped,
    end: () => dropped + length,
    time: (position) => times[position - dropped + start] as number,
    bin: (position) => bins[position - dropped + start] as number,
    group: (position) => groups[position - dropped + start] as number,
    countAfter: (time) => dropped + length - positionAfter(time),
  }
}
