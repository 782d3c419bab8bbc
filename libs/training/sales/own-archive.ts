import { createArchive } from '#lib/archive/archive.ts'
import { hourMillis } from '#lib/clock/durations.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { Sale } from '#schemas/types.ts'
import { readSpan } from './archived-sales.ts'

/**
 * The sales of a span of market time that this market's own archive holds; none where nothing is archived yet. For a history that the
 * marketplace no longer tells: see readHistory.
 */
export const salesOfOwnArchive =
  ({ store, prefix }: Readonly<{ store: ObjectStore; prefix: string }>) =>
  async (from: number, before: number): Promise<readonly Sale[]> => {
    const archive = createArchive({ name: prefix === '' ? 'of this market' : prefix, store, prefix })
    if (!(await archive.topics()).some(({ topic }) => topic === 'market.events')) return []
    // A sale is archived by when it was known, which may be a little later.
    const { entries } = await readSpan(archive, { from, until: before + hourMillis, days: null })
    return entries.flatMap(({ event }) => {
      const { kind, value } = payloadOf(event())
      return kind === 'Sale' ? [value] : []
    })
  }
