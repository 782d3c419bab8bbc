/**
 * A file of sales as events: one row each, sorted by time, with the columns time (unix seconds), id, class, breedCount, purity, eyes,
 * ears, mouth, horn, back, tail (part ids), priceUsd, and title where it has that. Such a file has neither sellers nor transactions nor ETH.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { anatomyOf } from '#lib/axie/anatomy.ts'
import { partTypes } from '#lib/axie/parts.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { Item, MarketEvent, Sale, Source } from '#schemas/types.ts'
import { saleEvent, saleIdOf } from './event.ts'
import { parseUsd, usdToWei } from './money.ts'
import { textCell, timeCell, wholeNumberCell } from './sale-cells.ts'

export const saleColumns = ['time', 'id', 'class', 'breedCount', 'purity', ...partTypes, 'priceUsd'] as const

/** What an axie has had since it was born, of all that sets one apart; empty: none, or unknown. A file may be without it. */
export const titleColumn = 'title'

/** Wei are made up from dollars by this rate where the file's reader names none: about April 2022. */
export const nominalEthUsd = 3_000

export type SalesFileOptions = Readonly<{
  /** Default recorded. */
  source?: Source
  /** Dollars for one ETH, by which priceWei is made up. Default 3,000. */
  ethUsd?: number
}>

type Row = Readonly<Record<string, string>>

/** A row of a file before anything in it is checked but the names of its columns. */
export type RawSale = Readonly<{ where: string; cells: Row }>

const refuse = (where: string, message: string): RejectedError => new RejectedError('bad_sales_file', `${where}: ${message}`)

function wholeNumber(row: Row, column: string, where: string): number {
  const value = wholeNumberCell(row[column])
  if (value === null) throw refuse(where, `expected ${column} to be a whole number, found ${JSON.stringify(row[column] ?? '')}`)
  return value
}

function titled(title: string | null): Pick<Item, 'attributes'> {
  if (title === null) return {}
  const unknown = { bodyShape: null, stage: null, level: null, onchainLevel: null, isBanned: null }
  return { attributes: { title, ...unknown, mystic: null, japanese: null, xmas: null, summer: null, parts: [] } }
}

/** RejectedError in the words of the file: what was expected, what was found, in which row. */
function readRow(row: Row, where: string, options: SalesFileOptions): Sale {
  const soldAt = timeCell(row['time'])
  if (typeof soldAt !== 'number') throw refuse(where, soldAt.problem)
  const tokenId = String(wholeNumber(row, 'id', where))
  const item: Item = {
    tokenId,
    class: textCell(row['class']) ?? '',
    breedCount: wholeNumber(row, 'breedCount', where),
    genes: null,
    parts: partTypes.map((type) => textCell(row[type]) ?? ''),
    image: null,
    ...titled(textCell(row[titleColumn])),
  }
  const priceUsd = textCell(row['priceUsd']) ?? ''
  try {
    anatomyOf(item)
    const usd = parseUsd(priceUsd, 'priceUsd')
    return {
      saleId: saleIdOf(tokenId, { txHash: null, soldAt }),
      item,
      soldAt,
      priceWei: usdToWei(usd, options.ethUsd ?? nominalEthUsd),
      priceUsd,
      seller: null,
      buyer: null,
      txHash: null,
    }
  } catch (error) {
    throw error instanceof RejectedError ? refuse(where, error.message) : error
  }
}

function checkHeader(header: readonly string[], name: string): string[] {
  const found = header.map((column) => column.trim())
  const twice = found.filter((column, place) => column !== '' && found.indexOf(column) !== place)
  if (twice.length > 0) throw refuse(name, `expected each column once, found ${[...new Set(twice)].join(', ')} more than once`)
  const missing = saleColumns.filter((column) => !found.includes(column))
  if (missing.length > 0) throw refuse(name, `expected the columns ${saleColumns.join(', ')}; ${missing.join(', ')} missing`)
  return found
}

/**
 * The rows of a file as they are. RejectedError bad_sales_file: columns missing, not a CSV, no row at all.
 * A file that cannot be opened rejects with the system's error.
 */
export async function* readRawSales(path: string): AsyncGenerator<RawSale, void, undefined> {
  // Blank lines, and the rows of nothing but commas that Excel leaves behind the last one, are no sales.
  const rows = parse({
    bom: true,
    columns: (header: string[]) => checkHeader(header, path),
    info: true,
    trim: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
  })
  // The callback is required; what fails reaches us through `rows`.
  pipeline(createReadStream(path), rows, () => {})
  let rowNumber = 1
  try {
    for await (const { record, info } of rows as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      // As an editor or a spreadsheet counts: the header is row 1, blank ones count.
      rowNumber = info.lines
      yield { where: `${path} row ${rowNumber}`, cells: record }
    }
  } catch (error) {
    throw error instanceof CsvError ? csvError(path, error, rowNumber + 1) : error
  }
  if (rowNumber === 1) throw refuse(path, 'expected at least one sale, found none')
}

/** What csv-parse adds to its errors: its own message counts rows from where its buffer began. */
type CsvContext = Readonly<{ lines?: number; columns: readonly unknown[]; record: readonly unknown[] }>

function csvError(path: string, error: CsvError, rowNumber: number): RejectedError {
  const { lines, columns, record } = error as unknown as CsvContext
  const isCut = error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS'
  return refuse(`${path} row ${lines ?? rowNumber}`, isCut ? `expected ${columns.length} cells, found ${record.length}` : error.message)
}

/** A row as a live event observed the moment it happened. RejectedError bad_sales_file, with file and row: a cell is not what it should be. */
export function eventOfRawSale({ where, cells }: RawSale, options: SalesFileOptions = {}): MarketEvent {
  const sale = readRow(cells, where, options)
  return saleEvent(sale, { observedAt: sale.soldAt, origin: 'live', source: options.source ?? 'recorded' })
}

/** A row that was found right, and the event that it is. */
export type CheckedSale = Readonly<{ raw: RawSale; event: MarketEvent }>

/**
 * The sales of a file, in its order. RejectedError bad_sales_file, with file and row (the header is row 1): as `readRawSales`, a cell
 * that is not what it should be, an unknown class or part, rows not sorted by time.
 */
export async function* readCheckedSales(path: string, options: SalesFileOptions = {}): AsyncGenerator<CheckedSale, void, undefined> {
  let previous = 0
  for await (const raw of readRawSales(path)) {
    const event = eventOfRawSale(raw, options)
    if (event.eventTime < previous)
      throw refuse(raw.where, `expected rows sorted by time, found ${event.eventTime / 1_000} after ${previous / 1_000}`)
    previous = event.eventTime
    yield { raw, event }
  }
}

/** Their events alone. */
export async function* readSalesFile(path: string, options: SalesFileOptions = {}): AsyncGenerator<MarketEvent, void, undefined> {
  for await (const { event } of readCheckedSales(path, options)) yield event
}
