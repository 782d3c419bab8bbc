import type { MemoryPartition } from '#lib/stream/memory/partition.ts'

export type Compactable = MemoryPartition & Readonly<{ compact(before: number): void }>

/** As Kafka's cleaner: of what lies before an offset, only the newest record of each key is left. The others leave holes. */
export function compactable(storage: MemoryPartition): Compactable {
  const gone = new Set<number>()

  return {
    ...storage,
    compact(before) {
      const kept = new Map<string | null, number>()
      for (const { key, offset } of storage.read(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY).records) {
        if (offset >= before) return
        const older = kept.get(key)
        if (older !== undefined) gone.add(older)
        kept.set(key, offset)
      }
    },
    read(position, maxBytes, maxRecords) {
      let { records, nextOffset } = storage.read(position, maxBytes, maxRecords)
      if (gone.size === 0) return { records, nextOffset }
      for (;;) {
        const left = records.filter(({ offset }) => !gone.has(offset))
        if (left.length > 0 || nextOffset >= storage.stable()) return { records: left, nextOffset }
        ;({ records, nextOffset } = storage.read(nextOffset, maxBytes, maxRecords))
      }
    },
  }
}
