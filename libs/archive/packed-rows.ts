import { formatRaw, parseRaw } from '#lib/stream/raw-headers.ts'
import { type ArchiveRow, headersText } from './archive-row.ts'
import { type BytesColumn, type ColumnBuilder, createBytesColumn, createDictionaryColumn, createNumberColumn } from './column-builder.ts'
import type { Column, ColumnValue } from './topic-columns.ts'

/** The rows of an open segment, column by column. Only appended to; the views it gives hold until the next append. */
export type PackedRows = Readonly<{
  length: number
  record: Readonly<{
    partition: ColumnBuilder<number | null>
    offset: ColumnBuilder<number | null>
    timestamp: ColumnBuilder<number | null>
    key: ColumnBuilder<string | null>
    /** As archived: JSON. */
    headers: BytesColumn
    value: BytesColumn
    schemaId: ColumnBuilder<number | null>
    /** Bytes that key and headers cannot say as text (JSON, base64); null where there are none, as nearly everywhere. */
    raw: ColumnBuilder<string | null>
  }>
  /** Whether any row has `raw`. */
  hasRaw(): boolean
  time: ColumnBuilder<number | null>
  columns: readonly PackedColumn[]
  append(row: ArchiveRow): void
  /** The row as it was appended; all columns are null where there were none. */
  at(index: number): ArchiveRow
  /** Begins anew in the same memory: what comes next is usually as much as what came before. */
  clear(): void
}>

/** One of the topic's own columns. Texts that are nearly all different come back as UTF-8. */
export type PackedColumn = Readonly<{ column: Column; values: ColumnBuilder<ColumnValue, ColumnValue | Buffer> }>

export function createPackedRows(columns: readonly Column[]): PackedRows {
  const record = {
    partition: createNumberColumn(),
    offset: createNumberColumn(),
    timestamp: createNumberColumn(),
    key: createDictionaryColumn<string | null>(),
    headers: createBytesColumn(),
    value: createBytesColumn(),
    schemaId: createNumberColumn(),
    raw: createDictionaryColumn<string | null>(),
  }
  const time = createNumberColumn()
  const packed = columns.map((column): PackedColumn => ({ column, values: builderOf(column) }))
  let length = 0
  let hasRaw = false

  return {
    record,
    hasRaw: () => hasRaw,
    time,
    columns: packed,
    get length() {
      return length
    },

    append(row) {
      record.partition.append(row.record.partition)
      record.offset.append(row.record.offset)
      record.timestamp.append(row.record.timestamp)
      record.key.append(row.record.key)
      record.headers.append(headersText(row.record.headers))
      record.value.append(row.record.value)
      record.schemaId.append(row.schemaId)
      const raw = formatRaw(row.record)
      record.raw.append(raw)
      hasRaw ||= raw !== null
      time.append(row.time)
      for (let index = 0; index < packed.length; index++) packed[index]!.values.append(row.columns === null ? null : row.columns[index]!)
      length++
    },

    at: (index) => ({
      record: {
        partition: record.partition.at(index)!,
        offset: record.offset.at(index)!,
        timestamp: record.timestamp.at(index)!,
        key: record.key.at(index),
        headers: JSON.parse(record.headers.at(index)!.toString()),
        value: record.value.at(index),
        ...rawAt(record.raw.at(index)),
      },
      schemaId: record.schemaId.at(index),
      columns: packed.map(({ values }) => textOf(values.at(index))),
      time: time.at(index),
    }),

    clear() {
      for (const column of [...Object.values(record), time]) column.clear()
      for (const { values } of packed) values.clear()
      length = 0
      hasRaw = false
    },
  }
}

const rawAt = (text: string | null) => (text === null ? {} : { raw: parseRaw(text) })

const textOf = (value: ColumnValue | Buffer): ColumnValue => (Buffer.isBuffer(value) ? value.toString() : value)

function builderOf({ type, nature }: Column): PackedColumn['values'] {
  if (type === 'BOOLEAN' || nature === 'repeated') return createDictionaryColumn<ColumnValue>()
  return (type === 'STRING' ? createBytesColumn() : createNumberColumn()) as PackedColumn['values']
}
