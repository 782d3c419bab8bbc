import type { Codec } from '#lib/codec/codec.ts'
import { schemaIdOf } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/stream/errors.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import type { Item, MarketEvent } from '#schemas/types.ts'

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
  listingId: string | null
  saleId: string | null
  tokenId: string | null
  class: string | null
  breedCount: number | null
  seller: string | null
  priceWei: string | null
  /** The market's own conversion. */
  priceUsd: number | null
}>

export const noColumns: EventColumns = {
  eventId: null,
  eventTime: null,
  observedAt: null,
  origin: null,
  source: null,
  kind: null,
  listingId: null,
  saleId: null,
  tokenId: null,
  class: null,
  breedCount: null,
  seller: null,
  priceWei: null,
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
  const event = { ...noColumns, eventId, eventTime, observedAt, origin, source }
  if ('flipstream.Sale' in payload) {
    const { saleId, item, seller, priceWei, priceUsd } = payload['flipstream.Sale']
    return { ...event, kind: 'Sale', saleId, seller, priceWei, priceUsd: dollars(priceUsd), ...itemColumns(item) }
  }
  const offer =
    'flipstream.Listing' in payload ? payload['flipstream.Listing'] : 'flipstream.AskSeen' in payload ? payload['flipstream.AskSeen'] : null
  if (offer !== null) {
    const { listingId, item, seller, ask } = offer
    const kind = 'flipstream.Listing' in payload ? 'Listing' : 'AskSeen'
    const prices = { priceWei: ask.currentPriceWei, priceUsd: dollars(ask.currentPriceUsd) }
    return { ...event, kind, listingId, seller, ...prices, ...itemColumns(item) }
  }
  if ('flipstream.Cancellation' in payload) return { ...event, kind: 'Cancellation', ...payload['flipstream.Cancellation'] }
  return { ...event, kind: Object.keys(payload)[0]?.replace(/^flipstream\./, '') ?? null }
}

const itemColumns = ({ tokenId, class: itemClass, breedCount }: Item) => ({ tokenId, class: itemClass, breedCount })

/** The market's decimal string; null where it is not a number that a column can hold. */
function dollars(text: string | null): number | null {
  const value = text === null || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

/** About what a row holds of memory while it waits, and of the object before compression. */
export function bytesOf({ record: { key, value, headers } }: ArchiveRow): number {
  let headerBytes = 0
  for (const [name, content] of Object.entries(headers)) headerBytes += name.length + content.length
  return (value?.length ?? 0) + (key?.length ?? 0) + headerBytes + rowOverheadBytes
}

const rowOverheadBytes = 100
