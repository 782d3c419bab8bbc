/**
 * When an offset was first known to be passed, from looks now and then. Two questions hang on it: since when has a record been waiting
 * (the log's end went past it), and since when is one in a sink's hands without being durable (what was taken went past it).
 */
export type OffsetHistory = Readonly<{
  /** Offsets below `offset` are passed as of `at`. Calls come in order of both. */
  passed(offset: number, at: number): void
  /** When the history first went beyond `offset`; null while it has not. Forgets what lies before, so ask with growing offsets. */
  beyond(offset: number): number | null
}>

/** Times are exact to this: what comes quicker counts as of the first of them, so that a busy hour costs a few hundred entries. */
const spacingMillis = 5_000

export function createOffsetHistory(): OffsetHistory {
  let entries: { offset: number; at: number }[] = []
  return {
    passed(offset, at) {
      const last = entries.at(-1)
      if (last !== undefined && offset <= last.offset) return
      if (last !== undefined && at - last.at < spacingMillis) last.offset = offset
      else entries.push({ offset, at })
    },
    beyond(offset) {
      const index = entries.findIndex((entry) => entry.offset > offset)
      entries = index === -1 ? [] : entries.slice(index)
      return entries[0]?.at ?? null
    },
  }
}
