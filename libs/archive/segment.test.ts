import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArchiveRow } from './archive-row.ts'
import { logicalHashOfRows } from './logical-hash.ts'
import { createPackedRows } from './packed-rows.ts'
import { encodeParquet } from './parquet-file.ts'
import { addRow, cutAt, type OpenSegment, openSegment, segmentAfter } from './segment.ts'
import { columnsOfTopic } from './topic-columns.ts'

const { columns } = columnsOfTopic('alerts.feedback')
const clock = 3_600_000

const segmentOf = (begin: number, clockAtBegin: number, rows: readonly ArchiveRow[]): OpenSegment => {
  const segment = openSegment(begin, clockAtBegin, createPackedRows(columns))
  for (const row of rows) addRow(segment, row)
  return segment
}

const said = ({ begin, hour, clock, bytes, rows }: OpenSegment) => ({
  ...{ begin, hour, clock, bytes, count: rows.length },
  ...(rows.length > 0 && { hash: logicalHashOfRows(rows), file: encodeParquet(rows).toString('hex') }),
})

const anyRows = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 3 }),
      time: fc.option(fc.nat(10 * clock)),
      key: fc.option(fc.string({ unit: 'binary', maxLength: 5 })),
      headers: fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ unit: 'binary', maxLength: 5 }), { maxKeys: 2 }),
      value: fc.option(fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((parts) => {
    let offset = 100
    return parts.map(({ step, time, ...record }): ArchiveRow => {
      offset += step
      return { record: { partition: 2, offset, timestamp: 1_000 + offset, ...record }, schemaId: null, columns: null, time }
    })
  })

describe('cutting a segment', () => {
  it('is as if what lies before, and what lies behind, had been collected apart', () => {
    fc.assert(
      fc.property(anyRows, fc.integer({ min: 101, max: 195 }), (rows, end) => {
        const { taken, rest } = cutAt(segmentOf(100, clock, rows), end)
        const before = segmentOf(
          100,
          clock,
          rows.filter(({ record }) => record.offset < end),
        )
        expect(said(taken)).toEqual(said(before))
        expect(said(rest ?? segmentAfter(taken, end))).toEqual(
          said(
            segmentOf(
              end,
              before.clock,
              rows.filter(({ record }) => record.offset >= end),
            ),
          ),
        )
      }),
    )
  })
})
