import { type Codec, schemaIdOf } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import type { Headers, LogRecord } from '#lib/stream/log.ts'
import type { ColumnValue, TopicColumns } from './topic-columns.ts'

/** The topic stands in the object's name. */
export type ArchivedRecord = Omit<LogRecord, 'topic'>

/** A record as it is archived: verbatim, and beside it the columns people query by. */
export type ArchiveRow = Readonly<{
  record: ArchivedRecord
  /** The writer schema's id in the value's first bytes; null where the value is not in the wire format. */
  schemaId: number | null
  /** For SQL, never for replay. Null where the value cannot be decoded: then every column is. */
  columns: readonly ColumnValue[] | null
  /** Milliseconds, of the market's clock, or in topics without one of the log's: the hour of the object. Null where it cannot be decoded. */
  time: number | null
}>

/**
 * A promise only when the value's writer schema is met for the first time. RetryableError while the registry is away: columns must not
 * depend on that. A value that cannot be decoded is archived all the same.
 */
export function archiveRow(
  record: ArchivedRecord,
  { schema, pick, observedAt }: TopicColumns,
  codec: Pick<Codec, 'decode'>,
): ArchiveRow | Promise<ArchiveRow> {
  const { value } = record
  const schemaId = value === null ? null : schemaIdOf(value)
  const undecoded: ArchiveRow = { record, schemaId, columns: null, time: observedAt === null ? record.timestamp : null }
  if (value === null || schemaId === null || schema === null) return undecoded
  const decoded = (content: unknown): ArchiveRow => ({
    record,
    schemaId,
    columns: pick(content as never),
    time: observedAt === null ? record.timestamp : observedAt(content as never),
  })
  const orUndecoded = (error: unknown): ArchiveRow => {
    if (error instanceof RejectedError) return undecoded
    throw error
  }
  try {
    const content = codec.decode(schema, value)
    return content instanceof Promise ? content.then(decoded).catch(orUndecoded) : decoded(content)
  } catch (error) {
    return orUndecoded(error)
  }
}

/** Headers as archived: JSON with one spelling. Most records have none. */
export function headersText(headers: Headers): string {
  let names = 0
  for (const _ in headers) names++
  // A single header has one spelling anyway.
  return names > 1 ? canonicalJson(headers) : JSON.stringify(headers)
}

/** How large a row counts. Where objects end depends on it: another count would cut another run's objects elsewhere. */
export function bytesOf({ record: { key, value, headers } }: ArchiveRow): number {
  let headerBytes = 0
  for (const name in headers) headerBytes += name.length + headers[name]!.length
  return (value?.length ?? 0) + (key?.length ?? 0) + headerBytes + rowOverheadBytes
}

/** About what a record, its columns and their strings take as objects of JavaScript. */
const rowOverheadBytes = 700
