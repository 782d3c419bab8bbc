/** What a query with `from` and `size` gets: that part of the list, and how long the whole list is. */
export type Slice = Readonly<{ from: number; size: number }>
export type Page<T> = Readonly<{ total: number; results: readonly T[] }>
