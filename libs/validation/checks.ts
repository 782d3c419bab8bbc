/** What can be expected of sales: the words that suites.ts is written in. */

import { classOf } from '#lib/axie/classes.ts'
import { type Part, type PartType, partOf, partTypeOf, partTypes } from '#lib/axie/parts.ts'
import { purityOf } from '#lib/axie/stats.ts'
import { hourMillis, minuteMillis } from '#lib/clock/durations.ts'
import { percent } from '#lib/words/format.ts'
import type { RowCheck, SetCheck } from './expectation.ts'
import { columnsOfRows, driftOf, type Profile } from './profile.ts'
import type { Cell, SaleColumn, SaleRow } from './sale-row.ts'

type Range = Readonly<{ from: number; to: number }>

const grouped = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 2 })
const hours = (millis: number): string => `${(millis / hourMillis).toFixed(1)} h`
const timeOf = (millis: number): string => `${new Date(millis).toISOString().slice(0, 16)}Z`

/** A check of one cell, silent where the cell is missing: `notNull` counts those. */
const cellCheck = (column: SaleColumn, expected: string, holds: (cell: string | number) => boolean): RowCheck => ({
  on: 'row',
  columns: [column],
  expected: `${column} to be ${expected}`,
  holds(row) {
    const cell: Cell = row[column]
    return cell === null ? null : holds(cell)
  },
})

export const notNull = (column: SaleColumn): RowCheck => ({
  on: 'row',
  columns: [column],
  expected: `${column} to be there`,
  holds: (row) => row[column] !== null,
})

export const wholeNumber = (column: SaleColumn, { from, to }: Range): RowCheck =>
  cellCheck(column, `a whole number from ${from} to ${grouped(to)}`, (cell) => Number.isInteger(cell) && inRange(cell as number, from, to))

export const momentIn = (column: SaleColumn, { from, to }: Range): RowCheck =>
  cellCheck(
    column,
    `a moment from ${timeOf(from)} to ${timeOf(to)} (in a file: unix seconds, not milli- or microseconds)`,
    (cell) => Number.isInteger(cell) && inRange(cell as number, from, to),
  )

export const numberIn = (column: SaleColumn, { from, to }: Range): RowCheck =>
  cellCheck(column, `a number from ${from} to ${grouped(to)}`, (cell) => typeof cell === 'number' && inRange(cell, from, to))

const inRange = (value: number, from: number, to: number): boolean => value >= from && value <= to

export const knownClass: RowCheck = cellCheck('class', 'one of the nine classes', (cell) => classOf(String(cell)) !== null)

/** An axie that hatched has all six. Which part it is may be unknown: editions come and go, and a new one must not cost us its sales. */
export const knownPart = (type: PartType): RowCheck => ({
  on: 'row',
  columns: [type],
  expected: `${type} to be a part of that type`,
  holds: (row) => (partOf(row[type] ?? '')?.type ?? partTypeOf(row[type] ?? '')) === type,
})

/** Purity is a function of class and parts: where they disagree, one of the seven cells is wrong. */
export const purityOfClassAndParts: RowCheck = {
  on: 'row',
  columns: ['purity', 'class', ...partTypes],
  expected: 'purity to be the percent of its six parts that are of its class',
  holds(row) {
    const axieClass = row.class === null ? null : classOf(row.class)
    const parts = partTypes.map((type) => partOf(row[type] ?? ''))
    if (row.purity === null || axieClass === null || parts.includes(null)) return null
    return row.purity === purityOf(axieClass, parts as Part[])
  },
}

export const differ = (one: SaleColumn, other: SaleColumn): RowCheck => ({
  on: 'row',
  columns: [one, other],
  expected: `${one} and ${other} to differ`,
  holds: (row) => (row[one] === null || row[other] === null ? null : row[one] !== row[other]),
})

/** Against the moment the row was known, or else the moment of asking. */
export const notInTheFuture = (toleranceMillis: number): RowCheck => ({
  on: 'row',
  columns: ['time'],
  expected: `time to be no later than it was known (and ${toleranceMillis / minuteMillis} min)`,
  holds: ({ time, observedAt }, { asOf }) => (typeof time === 'number' ? time <= (observedAt ?? asOf) + toleranceMillis : null),
})

export const rowCount = ({ atLeast }: { atLeast: number }): SetCheck => ({
  on: 'set',
  columns: [],
  expected: `at least ${grouped(atLeast)} rows`,
  measure: (rows) => ({ holds: rows.length >= atLeast, found: `${grouped(rows.length)} rows` }),
})

export const unique = (...columns: SaleColumn[]): SetCheck => ({
  on: 'set',
  columns,
  expected: `no two rows with the same ${columns.join(' and ')}`,
  measure(rows) {
    const seen = new Set<string>()
    const failing: number[] = []
    rows.forEach((row, place) => {
      const key = columns.map((column) => row[column]).join('\n')
      if (seen.has(key)) failing.push(place)
      seen.add(key)
    })
    return { failing }
  },
})

export const inOrder = (column: SaleColumn): SetCheck => ({
  on: 'set',
  columns: [column],
  expected: `${column} never to go back from one row to the next`,
  measure(rows) {
    let previous = Number.NEGATIVE_INFINITY
    const failing: number[] = []
    rows.forEach((row, place) => {
      const value = row[column]
      if (typeof value !== 'number') return
      if (value < previous) failing.push(place)
      previous = value
    })
    return { failing }
  },
})

const numbersIn = (rows: readonly SaleRow[], column: SaleColumn): number[] =>
  rows.map((row) => row[column]).filter((cell) => typeof cell === 'number')

export const newestWithin = (millis: number): SetCheck => ({
  on: 'set',
  columns: ['time'],
  expected: `the newest sale to be at most ${hours(millis)} old`,
  measure(rows, { asOf }) {
    const newest = numbersIn(rows, 'time').reduce((latest, time) => Math.max(latest, time), Number.NEGATIVE_INFINITY)
    if (newest === Number.NEGATIVE_INFINITY) return { holds: false, found: 'no sale with a time' }
    return { holds: asOf - newest <= millis, found: `${timeOf(newest)}, ${hours(asOf - newest)} old` }
  },
})

export const noGapAbove = (millis: number): SetCheck => ({
  on: 'set',
  columns: ['time'],
  expected: `no more than ${hours(millis)} without a sale`,
  measure(rows) {
    const times = numbersIn(rows, 'time').sort((a, b) => a - b)
    const gaps = times.slice(1).map((time, index) => ({ from: times[index] as number, millis: time - (times[index] as number) }))
    const longest = gaps.reduce((worst, gap) => (gap.millis > worst.millis ? gap : worst), { from: 0, millis: 0 })
    const after = longest.millis === 0 ? '' : ` after ${timeOf(longest.from)}`
    return { holds: longest.millis <= millis, found: `${hours(longest.millis)}${after}` }
  },
})

const countsOf = (rows: readonly SaleRow[], column: SaleColumn): Map<Cell, number> => {
  const counts = new Map<Cell, number>()
  for (const row of rows) counts.set(row[column], (counts.get(row[column]) ?? 0) + 1)
  counts.delete(null)
  return counts
}

export const severalValues = (column: SaleColumn, atLeast: number): SetCheck => ({
  on: 'set',
  columns: [column],
  expected: `${column} to have at least ${atLeast} different values`,
  measure(rows) {
    const counts = countsOf(rows, column)
    const only = counts.size === 1 ? ` (all ${[...counts.keys()][0]})` : ''
    return { holds: counts.size >= atLeast, found: `${grouped(counts.size)} different${only}` }
  },
})

export const noValueAboveShare = (column: SaleColumn, share: number): SetCheck => ({
  on: 'set',
  columns: [column],
  expected: `no single ${column} in more than ${percent(share, 1)} of the rows`,
  measure(rows) {
    const [value, count] = [...countsOf(rows, column)].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [null as Cell, 0])
    const found = rows.length === 0 ? 0 : count / rows.length
    return { holds: found <= share, found: `${value ?? 'none'} in ${percent(found, 1)}` }
  },
})

const noReference = { notEvaluated: 'no data set was accepted before (flipstream validate --accept)' }

/** Population stability index against the last accepted data set, less what chance alone gives; see profile.ts. */
export const driftWithin = (column: SaleColumn, atMost: number): SetCheck => ({
  on: 'set',
  columns: [column],
  expected: `${column} to be distributed as in the last accepted data set (PSI at most ${atMost})`,
  measure(rows, { reference }) {
    const before = reference?.columns[column]
    if (before === undefined) return noReference
    const psi = driftOf(before, columnsOfRows(rows).get(column) ?? [])
    return { holds: psi <= atMost, found: `PSI ${psi.toFixed(3)}` }
  },
})

/** Any class may carry any part, but which ones it does carry changes slowly: a shuffled column breaks this and nothing else. */
export const partsSeenWithClass: SetCheck = {
  on: 'set',
  columns: ['class', ...partTypes],
  expected: 'each part to have been seen with that class in the last accepted data set',
  measure(rows, { reference }) {
    if (reference === null) return noReference
    const failing = rows.flatMap((row, place) => (isFamiliar(row, reference) ? [] : [place]))
    return { failing }
  },
}

function isFamiliar(row: SaleRow, { partsByClass }: Profile): boolean {
  const known = partsByClass[row.class?.toLowerCase() ?? '']
  return known !== undefined && partTypes.every((type) => row[type] === null || known.includes(row[type]))
}
