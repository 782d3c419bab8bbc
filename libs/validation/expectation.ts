import type { Profile } from './profile.ts'
import type { SaleColumn, SaleRow } from './sale-row.ts'

/** error: such data is refused. warning: it is told, and used. */
export type Severity = 'error' | 'warning'

/** What is known beside the rows. */
export type Surroundings = Readonly<{
  /** The moment of asking, milliseconds: nothing may have happened after it. */
  asOf: number
  /** What the last accepted data set looked like; null where there is none. */
  reference: Profile | null
}>

/** Whether one row holds; null where the row says nothing about it (its cell is missing, or not of the kind that is asked about). */
export type RowCheck = Readonly<{
  on: 'row'
  columns: readonly SaleColumn[]
  /** Completes "expected …". */
  expected: string
  holds(row: SaleRow, surroundings: Surroundings): boolean | null
}>

/** A check of all rows together. */
export type SetCheck = Readonly<{
  on: 'set'
  columns: readonly SaleColumn[]
  expected: string
  measure(rows: readonly SaleRow[], surroundings: Surroundings): Measured
}>

export type Measured =
  /** Rows that do not fit the others, by their places: `mostly` decides. */
  Readonly<{ failing: readonly number[] }> | Readonly<{ holds: boolean; found: string }> | Readonly<{ notEvaluated: string }>

export type Expectation = Readonly<{
  /** Stable, snake_case: stands in reports, metrics and dead letters. */
  name: string
  severity: Severity
  /** The share of rows that must hold; 1 where not given. */
  mostly?: number
  check: RowCheck | SetCheck
}>

export type Suite = Readonly<{ name: string; expectations: readonly Expectation[] }>
