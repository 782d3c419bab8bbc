/** A map that forgets what was set longer ago than its span. Set with times that (about) ascend. */
export type RecentMap<Value> = Readonly<{ get(key: string): Value | undefined; set(key: string, value: Value, at: number): void }>

export function createRecentMap<Value>(spanMillis: number): RecentMap<Value> {
  const entries = new Map<string, { value: Value; at: number }>()
  return {
    get: (key) => entries.get(key)?.value,
    set(key, value, at) {
      entries.delete(key)
      entries.set(key, { value, at })
      for (const [oldest, entry] of entries) {
        if (entry.at >= at - spanMillis) break
        entries.delete(oldest)
      }
    },
  }
}
