import { type ArchiveRow, bytesOf } from './archive-row.ts'
import { hourOf } from './layout.ts'
import { createPackedRows, type PackedRows } from './packed-rows.ts'

/** Beyond these a segment ends; whether it does depends on the records alone, so every run of the archiver cuts alike. */
export type SegmentLimits = Readonly<{ maxRecords: number; maxBytes: number }>

/** The stretch being collected: rows of one hour. It grows in place: a segment may have a hundred thousand. */
export type OpenSegment = {
  readonly begin: number
  readonly clockAtBegin: number
  readonly rows: PackedRows
  /** The hour in the path. The market's hour never goes back: a late event goes where its neighbours in the log go, and cuts nothing. */
  hour: number
  /** The running maximum of time over all the partition's records so far; 0 where there was none. */
  clock: number
  bytes: number
}

/** `rows`: empty ones, which it takes. */
export const openSegment = (begin: number, clock: number, rows: PackedRows): OpenSegment => ({
  begin,
  clockAtBegin: clock,
  rows,
  hour: hourOf(clock),
  clock,
  bytes: 0,
})

export function addRow(segment: OpenSegment, row: ArchiveRow): void {
  segment.clock = clockAfter(segment.clock, row)
  if (segment.rows.length === 0) segment.hour = hourOf(segment.clock)
  segment.bytes += bytesOf(row)
  segment.rows.append(row)
}

export const isFull = ({ rows, bytes }: OpenSegment, limits: SegmentLimits): boolean =>
  rows.length >= limits.maxRecords || bytes >= limits.maxBytes

/** Whether this row must go into the next segment. A single row larger than the limit has a segment to itself. */
export function endsBefore(segment: OpenSegment, row: ArchiveRow, limits: SegmentLimits): boolean {
  if (segment.rows.length === 0) return false
  return (
    isFull(segment, limits) || segment.bytes + bytesOf(row) > limits.maxBytes || hourOf(clockAfter(segment.clock, row)) !== segment.hour
  )
}

export const lastOffset = ({ rows }: OpenSegment): number => rows.record.offset.at(rows.length - 1)!

/** Cuts at a log offset: what lies before it, and the segment that goes on from there. Null: all lies before it. */
export function cutAt(segment: OpenSegment, end: number): { taken: OpenSegment; rest: OpenSegment | null } {
  const { rows } = segment
  if (rows.length > 0 && lastOffset(segment) < end) return { taken: segment, rest: null }
  const emptyRows = () => createPackedRows(rows.columns.map(({ column }) => column))
  const taken = openSegment(segment.begin, segment.clockAtBegin, emptyRows())
  let index = 0
  while (index < rows.length && rows.record.offset.at(index)! < end) addRow(taken, rows.at(index++))
  const rest = openSegment(end, taken.clock, emptyRows())
  while (index < rows.length) addRow(rest, rows.at(index++))
  return { taken, rest }
}

/** The segment after one that is durable, in its memory: the written one is no more. */
export function segmentAfter({ clock, rows }: OpenSegment, end: number): OpenSegment {
  rows.clear()
  return openSegment(end, clock, rows)
}

/** The last moment that JavaScript has a date for; a time beyond is no time, and must not push the clock there for ever. */
const lastMillis = 8.64e15

function clockAfter(clock: number, { time }: ArchiveRow): number {
  return time !== null && time > clock && time <= lastMillis ? time : clock
}
