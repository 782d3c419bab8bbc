import type { Archive } from '#lib/archive/archive.ts'
import { readEvent } from '#lib/market/read-event.ts'
import { eventOfRawSale, readRawSales } from '#lib/market/sale-csv.ts'
import type { Suite } from '#lib/validation/expectation.ts'
import { rowOfRawSale, type SaleRow } from '#lib/validation/sale-row.ts'
import { salesFileSuite } from '#lib/validation/suites.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'
import type { ArchivedObject, Span } from './archived-sales.ts'

/** Where sales come from, and which of them. */
export type SalesSource =
  | Readonly<{ kind: 'file'; file: string; part: TrainingPart; source: Source }>
  | Readonly<{ kind: 'archive'; archive: Archive; span: Span }>

/** Sales before a moment (milliseconds), or the first rows of the file, as a share of all. */
export type TrainingPart = Readonly<{ until: number }> | Readonly<{ fraction: number }>

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

/** RejectedError bad_sales_file; FatalError where an archive is damaged, or holds no event of a market. */
export async function readSales(from: SalesSource): Promise<RawSales> {
  if (from.kind === 'file') return readFile(from)
  // Parquet is of no use to those who read files.
  const { readArchivedSales } = await import('./archived-sales.ts')
  return readArchivedSales(from.archive, from.span)
}

async function readFile({ file, part, source }: Extract<SalesSource, { kind: 'file' }>): Promise<RawSales> {
  const entries: RawEntry[] = []
  for await (const raw of readRawSales(file)) {
    if ('until' in part && Number(raw.cells['time']) * 1_000 >= part.until) break
    entries.push({ row: rowOfRawSale(raw), event: () => foldable(eventOfRawSale(raw, { source })) })
  }
  const kept = 'fraction' in part ? entries.slice(0, Math.floor(entries.length * part.fraction)) : entries
  return { name: file, source, suite: salesFileSuite, entries: kept, passedOver: {}, objects: null }
}

/** RejectedError where the fold would refuse it. */
export function foldable(event: MarketEvent): MarketEvent {
  readEvent(event)
  return event
}
