/** A number that a rule wants on one side of a limit. */
export type Comparison = Readonly<{
  what: string
  value: number
  relation: '>=' | '>' | '<='
  limit: number
  unit: 'usd' | 'eth' | 'hours' | 'minutes' | 'count' | 'plain'
  /** What the limit is made of, where that is not the number itself: `1.3 x the ask`. */
  limitIs?: string
}>

/** A number that is not one (NaN) holds nothing. */
export function compare({ value, relation, limit }: Comparison): boolean {
  switch (relation) {
    case '>=':
      return value >= limit
    case '>':
      return value > limit
    case '<=':
      return value <= limit
  }
}
