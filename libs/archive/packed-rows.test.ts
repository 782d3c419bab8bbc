import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArchiveRow } from './archive-row.ts'
import { createPackedRows, type PackedRows } from './packed-rows.ts'
import type { Column } from './topic-columns.ts'

const columns: readonly Column[] = [
  { name: 'id', type: 'STRING', nature: 'distinct' },
  { name: 'class', type: 'STRING', nature: 'repeated' },
  { name: 'price', type: 'DOUBLE', nature: 'distinct' },
  { name: 'at', type: 'TIMESTAMP', nature: 'rising' },
  { name: 'won', type: 'BOOLEAN', nature: 'distinct' },
]

const text = fc.string({ unit: 'binary', maxLength: 12 })
const number = fc.double({ noDefaultInfinity: true })
const values = fc.tuple(
  fc.option(text),
  fc.option(fc.constantFrom('Plant', 'Bug', '')),
  fc.option(number),
  fc.option(fc.integer()),
  fc.option(fc.boolean()),
)
const anyRow: fc.Arbitrary<ArchiveRow> = fc.record({
  record: fc.record({
    partition: fc.nat(9),
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeInteger(),
    key: fc.option(text),
    headers: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
    value: fc.option(fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))),
  }),
  schemaId: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  columns: fc.option(values),
  time: fc.option(fc.integer()),
})
const anyRows = fc.array(anyRow, { maxLength: 200 })

const packed = (rows: readonly ArchiveRow[], into = createPackedRows(columns)): PackedRows => {
  for (const row of rows) into.append(row)
  return into
}
const unpacked = (rows: PackedRows): ArchiveRow[] => Array.from({ length: rows.length }, (_, index) => rows.at(index))
/** A row without columns is one whose columns are all null. */
const asPacked = (row: ArchiveRow): ArchiveRow => ({ ...row, columns: row.columns ?? columns.map(() => null) })

const empty: ArchiveRow = {
  record: { partition: 0, offset: 1, timestamp: 1, key: null, headers: {}, value: null },
  schemaId: null,
  columns: null,
  time: null,
}

describe('packed rows', () => {
  it('give back what was appended, whatever is in it', () => {
    fc.assert(
      fc.property(anyRows, (rows) => {
        expect(unpacked(packed(rows))).toEqual(rows.map(asPacked))
      }),
    )
  })

  it('begin anew in the same memory, with nothing left of what was there', () => {
    fc.assert(
      fc.property(fc.array(anyRows, { minLength: 1, maxLength: 4 }), (segments) => {
        const rows = createPackedRows(columns)
        for (const segment of segments) {
          expect(unpacked(packed(segment, rows))).toEqual(segment.map(asPacked))
          rows.clear()
        }
      }),
    )
  })

  it('do not keep the buffer that a value was a part of', () => {
    const fetched = Buffer.from('one fetch')
    const rows = packed([{ ...empty, record: { ...empty.record, value: fetched.subarray(0, 3) } }])
    fetched.fill(0)
    expect(rows.at(0).record.value?.toString()).toBe('one')
  })
})
