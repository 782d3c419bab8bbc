import type { LogRecord } from '#lib/stream/log.ts'

/** A transaction as its records see it: they become visible, or vanish, all at once when the state changes. */
export type MemoryTransaction = { state: 'open' | 'committed' | 'aborted' }

/** One partition in memory, with Kafka's visibility: nothing is shown from the first record of an open transaction on. */
export interface MemoryPartition {
  append(record: Omit<LogRecord, 'offset'>, transaction?: MemoryTransaction): void
  /** Ends a transaction's part in this partition with a marker, which takes an offset of its own. Its state must be set already. */
  appendMarker(timestamp: number, transaction: MemoryTransaction): void
  /** Offset of the oldest record kept. */
  first(): number
  /** Offset that the next record will take. */
  next(): number
  /** Everything before this offset is settled: Kafka's last stable offset. */
  stable(): number
  /** Visible records from `position` on, at least one if there is any, within `maxBytes`. */
  read(position: number, maxBytes: number, maxRecords: number): Readonly<{ records: LogRecord[]; nextOffset: number }>
  /** Resolves when something may be visible at or after `position`, or when `wake` is called. */
  grown(position: number): Promise<void>
  wake(): void
  /** Gives memory back. Offsets stay. */
  forgetBefore(offset: number): void
  /** As retention does: what is before is gone, at once. */
  deleteBefore(offset: number): void
}

type Entry = Readonly<{ record: LogRecord | null; transaction: MemoryTransaction | undefined }>

export function createMemoryPartition(): MemoryPartition {
  let entries: Entry[] = []
  let base = 0
  /** First offset of each open transaction, in order of their beginning. */
  const open = new Map<MemoryTransaction, number>()
  let waiters: (() => void)[] = []

  const next = () => base + entries.length
  const stable = () => {
    for (const first of open.values()) return first
    return next()
  }
  const wake = () => {
    const woken = waiters
    waiters = []
    for (const resolve of woken) resolve()
  }
  const deleteBefore = (offset: number) => {
    const count = Math.min(offset, stable()) - base
    if (count <= 0) return
    entries = entries.slice(count)
    base += count
  }
  const isVisible = ({ record, transaction }: Entry) => record !== null && (transaction === undefined || transaction.state === 'committed')

  return {
    append(record, transaction) {
      if (transaction !== undefined && !open.has(transaction)) open.set(transaction, next())
      entries.push({ record: { ...record, offset: next() }, transaction })
      if (open.size === 0) wake()
    },
    appendMarker(_timestamp, transaction) {
      open.delete(transaction)
      entries.push({ record: null, transaction })
      wake()
    },
    first: () => base,
    next,
    stable,
    read(position, maxBytes, maxRecords) {
      const end = stable()
      const records: LogRecord[] = []
      let bytes = 0
      let offset = Math.max(position, base)
      for (; offset < end; offset++) {
        const entry = entries[offset - base]!
        if (!isVisible(entry)) continue
        const size = entry.record!.value?.length ?? 0
        if (records.length > 0 && (bytes + size > maxBytes || records.length >= maxRecords)) break
        bytes += size
        records.push(entry.record!)
      }
      return { records, nextOffset: offset }
    },
    grown: (position) =>
      stable() > position
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push(resolve)
          }),
    wake,
    forgetBefore(offset) {
      const count = Math.min(offset, stable()) - base
      // Cutting an array copies what is left: worth it only when much goes.
      if (count >= 1_024 && count >= entries.length / 2) deleteBefore(offset)
    },
    deleteBefore,
  }
}
