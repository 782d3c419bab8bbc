import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RejectedError } from '#lib/errors/errors.ts'
import { type CheckedSale, readCheckedSales, saleColumns } from '#lib/market/sale-csv.ts'
import { quotedCell } from '#lib/words/csv.ts'

/**
 * Several files of sales as one that is sorted by time, for as long as `use` takes; a single file as it is. Each is sorted in itself, and
 * they may overlap in time. RejectedError bad_sales_file, with file and row: also where one sale is in two places.
 */
export async function withJoinedSales<Result>(files: readonly string[], use: (file: string) => Promise<Result>): Promise<Result> {
  if (files.length === 1) return use(files[0]!)
  const sales: CheckedSale[] = []
  for (const file of files) for await (const sale of readCheckedSales(file)) sales.push(sale)
  sales.sort((one, other) => one.event.eventTime - other.event.eventTime)
  refuseRepeated(sales)
  const directory = await mkdtemp(join(tmpdir(), 'flipstream-sales-'))
  try {
    const joined = join(directory, 'joined.csv')
    await pipeline(Readable.from(lines(sales)), createWriteStream(joined))
    return await use(joined)
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Two exports that overlap: counted twice, a sale would be evidence of itself. */
function refuseRepeated(sales: readonly CheckedSale[]): void {
  const whereOf = new Map<string, string>()
  for (const { raw, event } of sales) {
    const { eventId } = event
    const earlier = whereOf.get(eventId)
    if (earlier !== undefined)
      throw new RejectedError(
        'bad_sales_file',
        `${raw.where}: the same sale (axie and time) as ${earlier}: expected each once in all files`,
      )
    whereOf.set(eventId, raw.where)
  }
}

function* lines(sales: readonly CheckedSale[]): Generator<string> {
  yield `${saleColumns.join()}\n`
  for (const { raw } of sales) yield `${saleColumns.map((column) => quotedCell(raw.cells[column] ?? '')).join()}\n`
}
