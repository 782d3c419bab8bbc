/**
 * How the columns of a data set are distributed, small enough to be kept: what the next data set is compared with.
 * Population stability index: the sum over bins of (new share - old share) × ln(new share / old share). Below 0.1 nothing happened, above
 * 0.25 it is another population. Two samples of one population give about (bins - 1) × (1/n + 1/m): that is taken off, so that small sets
 * are not called drifted for being small.
 */

import { z } from 'zod'
import { partTypes } from '#lib/axie/parts.ts'
import { count, minute } from '#lib/words/format.ts'
import type { Cell, SaleRow } from './sale-row.ts'

const columnSchema = z.discriminatedUnion('kind', [
  /** Upper ends of all bins but the last. The shares have one more for what is no number. */
  z.object({ kind: z.literal('number'), edges: z.array(z.number()), shares: z.array(z.number()), rows: z.number() }),
  z.object({ kind: z.literal('category'), values: z.array(z.string()), shares: z.array(z.number()), rows: z.number() }),
])

export const profileSchema = z.object({
  rows: z.number(),
  /** Time of the first and the last row, milliseconds. */
  from: z.number(),
  until: z.number(),
  columns: z.record(z.string(), columnSchema),
  partsByClass: z.record(z.string(), z.array(z.string())),
})

type ColumnProfile = Readonly<z.infer<typeof columnSchema>>
export type Profile = Readonly<z.infer<typeof profileSchema>>
export type Columns = ReadonlyMap<string, ArrayLike<Cell>>

const bins = 10
const commonestValues = 20
/** A bin that was or is empty would make the index infinite. */
const smallestShare = 1e-4
/** Edges need no more rows than these. */
const edgeSample = 20_000

const profiled = ['class', 'breedCount', 'purity', ...partTypes, 'priceUsd'] as const

export const columnsOfRows = (rows: readonly SaleRow[]): Columns =>
  new Map(profiled.map((column) => [column, rows.map((row) => row[column])]))

/** @param features columns of their own, such as a model's features, beside those of the rows */
export function profileRows(rows: readonly SaleRow[], features: Columns = new Map()): Profile {
  const times = rows.map(({ time }) => time).filter((time) => typeof time === 'number')
  const columns = [...columnsOfRows(rows), ...features].filter(([, cells]) => Array.prototype.some.call(cells, isKnown))
  return {
    rows: rows.length,
    from: times.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER),
    until: times.reduce((a, b) => Math.max(a, b), 0),
    columns: Object.fromEntries(columns.map(([name, cells]) => [name, profileColumn(cells)])),
    partsByClass: partsByClassOf(rows),
  }
}

/** For people. */
export const describeProfile = ({ rows, from, until }: Profile): string =>
  `the last accepted data set (${count(rows)} sales, ${minute(from)} to ${minute(until)} UTC)`

const isKnown = (cell: Cell): boolean => cell !== null && !Number.isNaN(cell)

function profileColumn(cells: ArrayLike<Cell>): ColumnProfile {
  const isCategory = Array.prototype.some.call(cells, (cell: Cell) => typeof cell === 'string')
  const empty: ColumnProfile = isCategory
    ? { kind: 'category', values: commonest(cells), shares: [], rows: cells.length }
    : { kind: 'number', edges: edgesOf(cells), shares: [], rows: cells.length }
  return { ...empty, shares: sharesOf(empty, cells) }
}

function commonest(cells: ArrayLike<Cell>): string[] {
  const counts = new Map<string, number>()
  for (const cell of Array.from(cells)) if (cell !== null) counts.set(String(cell), (counts.get(String(cell)) ?? 0) + 1)
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, commonestValues)
    .map(([value]) => value)
}

function edgesOf(cells: ArrayLike<Cell>): number[] {
  const step = Math.max(1, Math.floor(cells.length / edgeSample))
  const sample: number[] = []
  for (let place = 0; place < cells.length; place += step) if (typeof cells[place] === 'number') sample.push(cells[place] as number)
  const sorted = Float64Array.from(sample.filter((value) => !Number.isNaN(value))).sort()
  const edges = Array.from({ length: bins - 1 }, (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / bins)] ?? 0)
  return [...new Set(edges)]
}

/** One share for each bin or value, and the last for all else: rarer values, or what is no number. */
function sharesOf(column: ColumnProfile, cells: ArrayLike<Cell>): number[] {
  const places = column.kind === 'category' ? new Map(column.values.map((value, place) => [value, place])) : null
  const other = column.kind === 'category' ? column.values.length : column.edges.length + 1
  const counts = new Float64Array(other + 1)
  const placeOf = (cell: Cell): number => {
    if (places !== null) return places.get(String(cell)) ?? other
    return typeof cell === 'number' && !Number.isNaN(cell) ? binOf(cell, (column as { edges: readonly number[] }).edges) : other
  }
  for (let place = 0; place < cells.length; place++) counts[placeOf(cells[place] as Cell)]!++
  return Array.from(counts, (count) => count / Math.max(1, cells.length))
}

function binOf(value: number, edges: readonly number[]): number {
  let bin = 0
  while (bin < edges.length && value > (edges[bin] as number)) bin++
  return bin
}

/** Population stability index of new cells against an old column, less what chance gives; 0 or more. */
export function driftOf(before: ColumnProfile, cells: ArrayLike<Cell>): number {
  if (cells.length === 0) return 0
  const now = sharesOf(before, cells)
  const index = now.reduce((sum, share, place) => {
    const [p, q] = [Math.max(smallestShare, share), Math.max(smallestShare, before.shares[place] as number)]
    return sum + (p - q) * Math.log(p / q)
  }, 0)
  const chance = (now.length - 1) * (1 / cells.length + 1 / before.rows)
  return Math.max(0, index - chance)
}

function partsByClassOf(rows: readonly SaleRow[]): Record<string, string[]> {
  const byClass = new Map<string, Set<string>>()
  for (const row of rows) {
    const axieClass = row.class?.toLowerCase() ?? ''
    const seen = byClass.get(axieClass) ?? new Set()
    byClass.set(axieClass, seen)
    for (const type of partTypes) if (row[type] !== null) seen.add(row[type])
  }
  return Object.fromEntries([...byClass].map(([axieClass, seen]) => [axieClass, [...seen].sort()]))
}
