/** A binary heap: smallest first; equals leave in the order they came, so that a simulated market is the same on every run. */
export type Heap<T> = Readonly<{ push(value: T): void; peek(): T | undefined; pop(): T | undefined; readonly size: number }>

type Entry<T> = { value: T; rank: number; order: number }

export function createHeap<T>(rankOf: (value: T) => number): Heap<T> {
  const entries: Entry<T>[] = []
  let pushed = 0
  const before = (a: Entry<T>, b: Entry<T>) => a.rank < b.rank || (a.rank === b.rank && a.order < b.order)

  const siftUp = (start: number): void => {
    const entry = entries[start]!
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(entry, entries[parent]!)) break
      entries[index] = entries[parent]!
      index = parent
    }
    entries[index] = entry
  }

  const siftDown = (entry: Entry<T>): void => {
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++
      if (!before(entries[child]!, entry)) break
      entries[index] = entries[child]!
      index = child
    }
    entries[index] = entry
  }

  return {
    push(value) {
      entries.push({ value, rank: rankOf(value), order: pushed++ })
      siftUp(entries.length - 1)
    },
    peek: () => entries[0]?.value,
    pop() {
      const first = entries[0]
      const last = entries.pop()
      if (entries.length > 0 && last !== undefined) siftDown(last)
      return first?.value
    },
    get size() {
      return entries.length
    },
  }
}
