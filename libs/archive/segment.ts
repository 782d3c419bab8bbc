import { type ArchiveRow, bytesOf } from './archive-row.ts'
import { hourOf } from './layout.ts'

/** Beyond these a segment ends; whether it does depends on the records alone, so every run of the archiver cuts alike. */
export type SegmentLimits = Readonly<{ maxRecords: number; maxBytes: number }>

/** The stretch being collected. Empty at first; then every row is of one hour. */
export type OpenSegment = Readonly<{ begin: number; clockAtBegin: number; clock: number; bytes: number; rows: ArchiveRow[] }>

/** `clock`: the running maximum of time over all the partition's earlier records; 0 where there was none. */
export const openSegment = (begin: number, clock: number): OpenSegment => ({ begin, clockAtBegin: clock, clock, bytes: 0, rows: [] })

/** The row is pushed in place: a segment may have a hundred thousand. */
export function withRow(segment: OpenSegment, row: ArchiveRow): OpenSegment {
  segment.rows.push(row)
  return { ...segment, clock: clockAfter(segment.clock, row), bytes: segment.bytes + bytesOf(row) }
}

/** The market's hour never goes back: a late event goes where its neighbours in the log go, and cuts nothing. */
export const segmentHour = ({ clockAtBegin, rows }: OpenSegment): number =>
  hourOf(rows[0] === undefined ? clockAtBegin : clockAfter(clockAtBegin, rows[0]))

export const isFull = ({ rows, bytes }: OpenSegment, limits: SegmentLimits): boolean =>
  rows.length >= limits.maxRecords || bytes >= limits.maxBytes

/** Whether this row must go into the next segment. A single row larger than the limit has a segment to itself. */
export function endsBefore(segment: OpenSegment, row: ArchiveRow, limits: SegmentLimits): boolean {
  if (segment.rows.length === 0) return false
  return (
    isFull(segment, limits) ||
    segment.bytes + bytesOf(row) > limits.maxBytes ||
    hourOf(clockAfter(segment.clock, row)) !== segmentHour(segment)
  )
}

/** Cuts at a log offset: what lies before it, and the segment that goes on from there. */
export function cutAt(segment: OpenSegment, end: number): { taken: OpenSegment; rest: OpenSegment } {
  const newest = segment.rows.at(-1)
  if (newest !== undefined && newest.record.offset < end) return { taken: segment, rest: openSegment(end, segment.clock) }
  const part = (begin: number, clock: number, rows: readonly ArchiveRow[]) => rows.reduce(withRow, openSegment(begin, clock))
  const taken = part(
    segment.begin,
    segment.clockAtBegin,
    segment.rows.filter(({ record }) => record.offset < end),
  )
  const rest = part(
    end,
    taken.clock,
    segment.rows.filter(({ record }) => record.offset >= end),
  )
  return { taken, rest }
}

/** The last moment that JavaScript has a date for; a time beyond is no time, and must not push the clock there for ever. */
const lastMillis = 8.64e15

function clockAfter(clock: number, { time }: ArchiveRow): number {
  return time !== null && time > clock && time <= lastMillis ? time : clock
}
