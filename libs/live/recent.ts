/** The newest entries by key, at most `capacity` of them: the one that came first goes first. What is met again counts as new. */
export type Recent<Value> = Readonly<{
  set(key: string, value: Value): void
  get(key: string): Value | undefined
  /** Newest first. */
  newest(count: number): Value[]
  size(): number
}>

export function createRecent<Value>(capacity: number): Recent<Value> {
  const entries = new Map<string, Value>()
  return {
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      if (entries.size > capacity) entries.delete(entries.keys().next().value as string)
    },
    get: (key) => entries.get(key),
    newest: (count) => [...entries.values()].slice(-count).reverse(),
    size: () => entries.size,
  }
}
