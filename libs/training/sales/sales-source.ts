import type { Archive } from '#lib/archive/archive.ts'
import { eventOfRawSale, readRawSales } from '#lib/market/sale-csv.ts'
import { rowOfRawSale } from '#lib/validation/sale-row.ts'
import { salesFileSuite } from '#lib/validation/suites.ts'
import type { Source } from '#schemas/types.ts'
import { type ArchivedObject, foldable, type RawEntry, type RawSales, type Span } from './raw-sales.ts'

/** Where sales come from, and which of them. */
export type SalesSource =
  | Readonly<{ kind: 'file'; file: string; part: TrainingPart; source: Source }>
  | Readonly<{
      kind: 'archive'
      archive: Archive
      span: Span
      /** Exactly these objects; default: those that hold anything of the span now. */
      objects?: readonly ArchivedObject[]
    }>

/** Sales before a moment (milliseconds), or the first rows of the file, as a share of all. */
export type TrainingPart = Readonly<{ until: number }> | Readonly<{ fraction: number }>

/** RejectedError bad_sales_file; FatalError where an archive is damaged, or holds no event of a market. */
export async function readSales(from: SalesSource): Promise<RawSales> {
  if (from.kind === 'file') return readFile(from)
  // Parquet is of no use to those who read files.
  const { readArchivedSales } = await import('./archived-sales.ts')
  return readArchivedSales(from.archive, from.span, from.objects)
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
