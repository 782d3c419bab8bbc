/** What lists can be narrowed, sorted and cut by: the same words in the page's table, in the API and in its CSV. */
export type Selection = Readonly<{
  class?: string | undefined
  rule?: string | undefined
  state?: string | undefined
  kind?: readonly string[] | undefined
  bought?: boolean | undefined
  /** Milliseconds of the market's clock; `to` is not included. */
  from?: number | undefined
  to?: number | undefined
  minGain?: number | undefined
  maxGain?: number | undefined
  /** Found in any of its names, whatever its case. */
  q?: string | undefined
  sort?: Sort | undefined
}>

export const sortKeys = ['at', 'gain', 'ask', 'class', 'rule', 'state'] as const
export type Sort = Readonly<{ key: (typeof sortKeys)[number]; descending: boolean }>

/** A row as selections look at it. Null: not known, which no bound holds and which sorts last. */
export type Selectable = Readonly<{
  axieId: string
  class: string | null
  at: number
  ask: number
  gain: number | null
  rule?: string | null
  state?: string | null
  kind?: string
  bought?: boolean
  heldBack?: string | null
}>

/** The rows that match, in order. Without a sort the order stays; rows that are equal in it stay in theirs. */
export function select<Row>(rows: readonly Row[], selectable: (row: Row) => Selectable, selection: Selection): Row[] {
  const looked = rows.map((row) => ({ row, seen: selectable(row) })).filter(({ seen }) => matches(seen, selection))
  const { sort } = selection
  if (sort !== undefined) looked.sort((a, b) => compare(a.seen[sort.key] ?? null, b.seen[sort.key] ?? null, sort.descending))
  return looked.map(({ row }) => row)
}

function matches(row: Selectable, { class: axieClass, rule, state, kind, bought, from, to, minGain, maxGain, q }: Selection): boolean {
  if (axieClass !== undefined && row.class?.toLowerCase() !== axieClass.toLowerCase()) return false
  if (rule !== undefined && row.rule !== rule) return false
  if (state !== undefined && row.state !== state) return false
  if (kind !== undefined && (row.kind === undefined || !kind.includes(row.kind))) return false
  if (bought !== undefined && row.bought !== bought) return false
  if (from !== undefined && row.at < from) return false
  if (to !== undefined && row.at >= to) return false
  if (minGain !== undefined && !(row.gain !== null && row.gain >= minGain)) return false
  if (maxGain !== undefined && !(row.gain !== null && row.gain <= maxGain)) return false
  return q === undefined || namesOf(row).some((name) => name.includes(q.toLowerCase()))
}

const namesOf = ({ axieId, class: axieClass, rule, state, kind, heldBack }: Selectable): string[] =>
  [axieId, axieClass, rule, state, kind, heldBack].flatMap((name) => (name == null ? [] : name.toLowerCase()))

function compare(a: string | number | null, b: string | number | null, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  const order = a < b ? -1 : a > b ? 1 : 0
  return descending ? -order : order
}
