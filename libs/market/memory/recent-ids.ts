/**
 * Which ids were met lately, without keeping the ids: a fingerprint of 64 bits each, in a hash table of 32-bit row numbers. A million
 * ids take 24 MB; the chance that any two of a million share a fingerprint is 3 in 100 million.
 */
export interface RecentIds {
  /** When this id was last met, and notes that it was met at `time` (which never goes back). Null when it was not, or was forgotten. */
  meet(id: string, time: number): number | null
  /** Whether and when it was last met, without noting anything. */
  lastMet(id: string): number | null
  /** Forgets ids last met up to and with that time. */
  forgetUpTo(time: number): void
  /** Rows in memory: one for each meeting that is not forgotten. */
  size(): number
}

const mix = (hash: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Two 32-bit hashes with different seeds and multipliers, finished as MurmurHash3 does. */
function fingerprint(id: string): readonly [number, number] {
  let [high, low] = [0x9747b28c, 0x2f1b46a1]
  for (let index = 0; index < id.length; index += 1) {
    const unit = id.charCodeAt(index)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit, 0x5bd1e995)
    low ^= low >>> 15
  }
  return [mix(high), mix(low ^ id.length)]
}

/** Rows are a queue in the order they were met; an id met again gets a new row, and the old one is dead. */
type Rows = Readonly<{ capacity: number; high: Uint32Array; low: Uint32Array; time: Float64Array; slots: Uint32Array }>

const createRows = (capacity: number): Rows => ({
  capacity,
  high: new Uint32Array(capacity),
  low: new Uint32Array(capacity),
  time: new Float64Array(capacity),
  /** Row number + 1, or 0: open addressing, never more than half full. */
  slots: new Uint32Array(capacity * 2),
})

export function createRecentIds(): RecentIds {
  let rows = createRows(1_024)
  /** Rows from `first` up to, not with, `next` are in the queue, each at its number modulo the capacity. */
  let [first, next] = [0, 0]

  const slotAfter = (slot: number): number => (slot + 1) % rows.slots.length
  const home = (row: number): number => (rows.low[row] as number) % rows.slots.length

  /** The slot that holds this fingerprint, or the empty one where it belongs. */
  function find(high: number, low: number): number {
    let slot = low % rows.slots.length
    for (;;) {
      const row = (rows.slots[slot] as number) - 1
      if (row < 0 || (rows.high[row] === high && rows.low[row] === low)) return slot
      slot = slotAfter(slot)
    }
  }

  /** Closes the gap, so that no search meets a hole in its way. */
  function empty(slot: number): void {
    let hole = slot
    for (let probe = slotAfter(hole); rows.slots[probe] !== 0; probe = slotAfter(probe)) {
      const wanted = home((rows.slots[probe] as number) - 1)
      const between = hole <= probe ? wanted > hole && wanted <= probe : wanted > hole || wanted <= probe
      if (between) continue
      rows.slots[hole] = rows.slots[probe] as number
      hole = probe
    }
    rows.slots[hole] = 0
  }

  function push(high: number, low: number, time: number): void {
    const row = next % rows.capacity
    rows.high[row] = high
    rows.low[row] = low
    rows.time[row] = time
    rows.slots[find(high, low)] = row + 1
    next += 1
  }

  function grow(): void {
    if (next - first < rows.capacity) return
    const [old, from, to] = [rows, first, next]
    rows = createRows(old.capacity * 2)
    first = 0
    next = 0
    for (let number = from; number < to; number += 1) {
      const row = number % old.capacity
      push(old.high[row] as number, old.low[row] as number, old.time[row] as number)
    }
  }

  function lastMet(high: number, low: number): number | null {
    const row = (rows.slots[find(high, low)] as number) - 1
    return row < 0 ? null : (rows.time[row] as number)
  }

  return {
    lastMet: (id) => lastMet(...fingerprint(id)),
    meet(id, time) {
      const [high, low] = fingerprint(id)
      const last = lastMet(high, low)
      if (last === time) return last
      grow()
      push(high, low, time)
      return last
    },
    forgetUpTo(time) {
      for (; first < next && (rows.time[first % rows.capacity] as number) <= time; first += 1) {
        const row = first % rows.capacity
        const slot = find(rows.high[row] as number, rows.low[row] as number)
        if (rows.slots[slot] === row + 1) empty(slot)
      }
    },
    size: () => next - first,
  }
}
