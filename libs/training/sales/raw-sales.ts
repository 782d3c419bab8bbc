import type { Manifest } from '#lib/archive/manifest.ts'
import { readEvent } from '#lib/market/read-event.ts'
import type { Suite } from '#lib/validation/expectation.ts'
import type { SaleRow } from '#lib/validation/sale-row.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'

/** By when an event was known: half open, milliseconds; null: from the first, to the last. `days`: instead of `from`, before the end. */
export type Span = Readonly<{ from: number | null; until: number | null; days: number | null }>

export const wholeArchive: Span = { from: null, until: null, days: null }

/** An object of the archive that was read: what is in it can never change, so a list of these names data for ever. */
export type ArchivedObject = Pick<Manifest, 'partition' | 'begin' | 'end' | 'sha256'>

/** What a source says, before anything about it is believed. */
export type RawSales = Readonly<{
  /** For people: which source. */
  name: string
  source: Source
  /** What is expected of such. */
  suite: Suite
  /** In the order in which they were known. */
  entries: readonly RawEntry[]
  /** What never became an entry, by reason. */
  passedOver: Readonly<Record<string, number>>
  /** What names this data for ever; null of a file, which is named by the sales in it. */
  objects: readonly ArchivedObject[] | null
}>

/** A sale, as a row to be judged and as an event; or (row null) an event that is no sale and still is part of what a sale's time knew. */
export type RawEntry = Readonly<{
  row: SaleRow | null
  /** RejectedError: the fold would refuse it. */
  event(): MarketEvent
}>

/** RejectedError where the fold would refuse it. */
export function foldable(event: MarketEvent): MarketEvent {
  readEvent(event)
  return event
}
