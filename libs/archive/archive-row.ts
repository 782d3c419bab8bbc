import { type Codec, schemaIdOf } from '#lib/codec/codec.ts'
import { canonicalJson } from '#lib/objectstore/canonical-json.ts'
import { RejectedError } from '#lib/stream/errors.ts'
import type { Headers, LogRecord } from '#lib/stream/log.ts'
import type { Ask, Item, MarketEvent } from '#schemas/types.ts'

/** A record as it is archived: verbatim, and beside it the columns people query by. */
export type ArchiveRow = Readonly<{
  record: LogRecord
  /** The writer schema's id in the value's first bytes; null where the value is not in the wire format. */
  schemaId: number | null
  columns: EventColumns
}>

/** For SQL, never for replay: null where the value cannot be decoded, or the event has no such thing. Times in milliseconds. */
export type EventColumns = Readonly<{
  eventId: string | null
  eventTime: number | null
  observedAt: number | null
  origin: string | null
  source: string | null
  /** The payload's record name, such as Listing. */
  kind: string | null
  tokenId: string | null
  /** As the market spells it. */
  class: string | null
  breedCount: number | null
  /** Of a sale what was paid, of an offer what it asked at observedAt. */
  priceEth: number | null
  /** The market's own conversion of it. */
  priceUsd: number | null
}>

export const noColumns: EventColumns = {
  eventId: null,
  eventTime: null,
  observedAt: null,
  origin: null,
  source: null,
  kind: null,
  tokenId: null,
  class: null,
  breedCount: null,
  priceEth: null,
  priceUsd: null,
}

/**
 * A promise only when the value's writer schema is met for the first time. RetryableError while the registry is away: columns must not
 * depend on that. A value that cannot be decoded is archived all the same.
 */
export function archiveRow(record: LogRecord, codec: Pick<Codec, 'decode'>): ArchiveRow | Promise<ArchiveRow> {
  const { value } = record
  const schemaId = value === null ? null : schemaIdOf(value)
  const undecoded: ArchiveRow = { record, schemaId, columns: noColumns }
  if (value === null || schemaId === null) return undecoded
  const orUndecoded = (error: unknown): ArchiveRow => {
    if (error instanceof RejectedError) return undecoded
    throw error
  }
  try {
    const event = codec.decode('MarketEvent', value)
    if (!(event instanceof Promise)) return { record, schemaId, columns: columnsOf(event) }
    return event.then((decoded) => ({ record, schemaId, columns: columnsOf(decoded) })).catch(orUndecoded)
  } catch (error) {
    return orUndecoded(error)
  }
}

function columnsOf({ eventId, eventTime, observedAt, origin, source, payload }: MarketEvent): EventColumns {
  const [name, content] = Object.entries(payload)[0] as [string, MarketContent]
  const {
    item,
    tokenId = item?.tokenId ?? null,
    ask,
    priceWei = ask?.currentPriceWei ?? null,
    priceUsd = ask?.currentPriceUsd ?? null,
  } = content
  return {
    eventId,
    eventTime,
    observedAt,
    origin,
    source,
    kind: name.slice(name.lastIndexOf('.') + 1),
    tokenId,
    class: item?.class ?? null,
    breedCount: item?.breedCount ?? null,
    priceEth: decimal(priceWei, 1e18),
    priceUsd: decimal(priceUsd, 1),
  }
}

/** What any payload may have. */
type MarketContent = Readonly<{ item?: Item; tokenId?: string; ask?: Ask; priceWei?: string; priceUsd?: string | null }>

/** The market's decimal string in units; null where it is not a number that a column can hold. */
function decimal(text: string | null, unit: number): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text) / unit
  return Number.isFinite(value) ? value : null
}

/** Headers as archived: JSON with one spelling. Most records have none. */
export function headersText(headers: Headers): string {
  for (const _ in headers) return canonicalJson(headers)
  return '{}'
}

/** About what a row holds of memory while it waits, and of the object before compression. */
export function bytesOf({ record: { key, value, headers } }: ArchiveRow): number {
  let headerBytes = 0
  for (const [name, content] of Object.entries(headers)) headerBytes += name.length + content.length
  return (value?.length ?? 0) + (key?.length ?? 0) + headerBytes + rowOverheadBytes
}

const rowOverheadBytes = 100
