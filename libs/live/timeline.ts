/** When the newest records of a partition were appended: what a consumer's committed offset is compared with. */
export type Timeline = Readonly<{
  add(offset: number, timestamp: number): void
  /** What lies behind a committed position: visible records, and seconds from the first of them to the newest record. */
  waiting(committed: number): Waiting
}>

export type Waiting = Readonly<{
  records: number
  seconds: number
  /** True when there is more than is remembered: both figures are lower bounds. */
  atLeast: boolean
}>

export function createTimeline(capacity: number): Timeline {
  const offsets = new Float64Array(capacity)
  const timestamps = new Float64Array(capacity)
  let count = 0
  const at = (index: number) => index % capacity
  const oldest = () => Math.max(0, count - capacity)

  /** The first remembered record at or behind an offset. */
  const firstFrom = (offset: number): number => {
    let low = oldest()
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((offsets[at(middle)] as number) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add(offset, timestamp) {
      // Delivered again after a lost connection: known.
      if (count > 0 && offset <= (offsets[at(count - 1)] as number)) return
      offsets[at(count)] = offset
      timestamps[at(count)] = timestamp
      count++
    },
    waiting(committed) {
      const first = firstFrom(committed)
      if (first === count) return { records: 0, seconds: 0, atLeast: false }
      const seconds = ((timestamps[at(count - 1)] as number) - (timestamps[at(first)] as number)) / 1_000
      return { records: count - first, seconds: Math.max(0, seconds), atLeast: first === oldest() && first > 0 }
    },
  }
}
