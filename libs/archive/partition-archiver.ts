import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import type { CommittedOffset, OffsetRange } from '#lib/stream/log.ts'
import type { PartitionSink } from '#lib/stream/sink/sink-runner.ts'
import { type ArchiveRow, archiveRow } from './archive-row.ts'
import type { ArchiveLocation } from './layout.ts'
import { createPackedRows } from './packed-rows.ts'
import { type ArchivedTail, findResume } from './resume.ts'
import {
  addRow,
  cutAt,
  endsBefore,
  isFull,
  lastOffset,
  type OpenSegment,
  openSegment,
  type SegmentLimits,
  segmentAfter,
} from './segment.ts'
import type { SegmentStore, WrittenObject } from './segment-store.ts'
import { columnsOfTopic } from './topic-columns.ts'

export type PartitionArchiverOptions = Readonly<{
  store: ObjectStore
  segments: SegmentStore
  codec: Pick<Codec, 'decode'>
  clock: Clock
  location: ArchiveLocation
  limits: SegmentLimits
  /** A segment that got no record for this long ends, so that quiet topics are archived too. Wall clock, milliseconds. */
  idleMillis: number
  /** A segment whose first record waits for this long ends, however many come: what is in the topic is archived within this time. */
  rotationMillis: number
  /** Whether this segment must end for want of memory. Asked whenever more was taken. */
  mustEnd?: () => boolean
  onObject?: (written: WrittenObject) => void
  /** Offsets that are in no object, and are gone from the log: somebody must know. */
  onGap?: (gap: Readonly<{ partition: number; from: number; to: number }>) => void
}>

export type PartitionArchiver = PartitionSink &
  Readonly<{
    /** From now on whatever is held is written at the next occasion. */
    drain(): void
    /** What is read and not yet durable. */
    inMemory(): Readonly<{ records: number; bytes: number }>
  }>

/**
 * Archives one partition. Where it stands is `segment` (what is collected) and `next` (the next offset to take): both change only after a
 * step succeeded, so that a batch which failed half-way can be given again and goes on where it stopped.
 */
export function createPartitionArchiver(
  partition: number,
  committed: CommittedOffset | null,
  options: PartitionArchiverOptions,
): PartitionArchiver {
  const { store, segments, codec, clock, location, limits, idleMillis, rotationMillis, mustEnd, onObject, onGap } = options
  const topicColumns = columnsOfTopic(location.topic)
  let segment: OpenSegment | null = null
  let next = 0
  /** Another run decided where this segment ends: at an offset beyond what is held so far. */
  let sealedEnd: number | null = null
  let inside: ArchivedTail | null = null
  let reported = committed?.offset ?? 0
  let lastTakenAt = clock.monotonic()
  /** When the oldest record that is held was taken. */
  let begunAt = lastTakenAt
  let draining = false

  const resume = async (firstOffset: number): Promise<OpenSegment> => {
    const position = committed?.offset ?? firstOffset
    const found = await findResume(store, location, partition, position)
    if (found.inside === null && found.end !== null && found.end < position) onGap?.({ partition, from: found.end, to: position })
    inside = found.inside
    next = position
    return openSegment(inside?.end ?? position, found.clock, createPackedRows(topicColumns.columns))
  }

  /**
   * Writes what is held up to where the segment ends, by our own wish or by an earlier run's seal.
   * `known`: everything in the log before this offset is held.
   */
  const endSegment = async (open: OpenSegment, known: number): Promise<OpenSegment> => {
    const end = await segments.seal(partition, { begin: open.begin, end: lastOffset(open) + 1 })
    if (end > known) {
      sealedEnd = end
      return open
    }
    const { taken, rest } = cutAt(open, end)
    if (taken.rows.length === 0) throw recordsGone(partition, open.begin, end)
    const written = await segments.write({
      partition,
      range: { begin: open.begin, end },
      hour: taken.hour,
      clock: taken.clock,
      rows: taken.rows,
    })
    sealedEnd = null
    onObject?.(written)
    return rest ?? segmentAfter(taken, end)
  }

  /**
   * The log deleted these offsets before they were read. What is held becomes an object that ends before them, the next one begins behind
   * them, and the archive says for ever what it lacks. Unless another archiver was faster than the deletion.
   */
  const passOver = async (missing: OffsetRange): Promise<void> => {
    const found = await findResume(store, location, partition, missing.to)
    const lost = { begin: Math.max(missing.from, found.end ?? 0), end: missing.to }
    const isLost = found.inside === null && lost.begin < lost.end
    if (isLost) {
      while (segment !== null && segment.rows.length > 0 && (sealedEnd === null || sealedEnd <= missing.to))
        segment = await endSegment(segment, sealedEnd === null ? missing.from : missing.to)
      await segments.recordGap(partition, lost)
      onGap?.({ partition, from: lost.begin, to: lost.end })
    } else {
      segment?.rows.clear()
      sealedEnd = null
    }
    inside = found.inside
    next = missing.to
    // Rows that are held still belong to an object whose end, behind the gap, an earlier run has decided.
    if (segment !== null && segment.rows.length > 0) return
    const rows = segment?.rows ?? createPackedRows(topicColumns.columns)
    segment = openSegment(inside?.end ?? missing.to, Math.max(found.clock, segment?.clock ?? 0), rows)
  }

  const mustEndBefore = (open: OpenSegment, row: ArchiveRow): boolean =>
    open.rows.length > 0 && (sealedEnd === null ? endsBefore(open, row, limits) : row.record.offset >= sealedEnd)

  /** Ends what this row cannot be part of. */
  const makeRoom = async (open: OpenSegment, row: ArchiveRow): Promise<OpenSegment> => {
    let current = open
    while (mustEndBefore(current, row)) {
      current = await endSegment(current, row.record.offset)
      segment = current
    }
    return current
  }

  const take = (open: OpenSegment, row: ArchiveRow): void => {
    lastTakenAt = clock.monotonic()
    if (open.rows.length === 0) begunAt = lastTakenAt
    addRow(open, row)
  }

  const isDue = (open: OpenSegment, isTime: boolean): boolean => {
    if (open.rows.length === 0) return false
    // An earlier run's end holds: short of it there is nothing to write, past it there is, whatever we would have wished.
    if (sealedEnd !== null) return next >= sealedEnd
    return isTime || draining || isFull(open, limits) || clock.monotonic() - begunAt >= rotationMillis || mustEnd?.() === true
  }

  /** The position to commit, where it has moved. */
  const position = (): CommittedOffset | null => {
    const durable = inside !== null ? next : (segment?.begin ?? 0)
    if (durable <= reported) return null
    reported = durable
    return { offset: durable, metadata: '' }
  }

  return {
    async write({ records, missing }) {
      if (missing && (segment === null || next < missing.to)) await passOver(missing)
      const [first] = records
      if (first === undefined) return null
      segment ??= await resume(first.offset)
      for (const record of records) {
        if (record.offset < next) continue
        if (inside !== null && record.offset < inside.end) inside.check(record)
        else {
          inside = null
          const decoded = archiveRow(record, topicColumns, codec)
          // Nearly always there is nothing to wait for, and a promise for every record is not free.
          const row = decoded instanceof Promise ? await decoded : decoded
          if (mustEndBefore(segment, row)) segment = await makeRoom(segment, row)
          take(segment, row)
        }
        next = record.offset + 1
      }
      while (isDue(segment, false)) segment = await endSegment(segment, next)
      return position()
    },

    async idle() {
      const isTime = clock.monotonic() - lastTakenAt >= idleMillis
      while (segment !== null && isDue(segment, isTime)) segment = await endSegment(segment, next)
      return position()
    },

    drain() {
      draining = true
    },
    inMemory: () => ({ records: segment?.rows.length ?? 0, bytes: segment?.bytes ?? 0 }),
  }
}

function recordsGone(partition: number, begin: number, end: number): FatalError {
  return new FatalError(
    `archive: an earlier run decided to archive offsets ${begin} to ${end} of partition ${partition} as one object, and the log no longer has them. ` +
      'They were lost before they were archived: move the group past them, and archive verify will name the gap',
  )
}
