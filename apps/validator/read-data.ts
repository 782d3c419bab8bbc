import { openArchive } from '#app/archiver/open-archive.ts'
import { readRawSales } from '#lib/market/sale-csv.ts'
import { FatalError, RejectedError } from '#lib/stream/errors.ts'
import type { Suite } from '#lib/validation/expectation.ts'
import { rowOfEvent, rowOfRawSale, type SaleRow } from '#lib/validation/sale-row.ts'
import { archiveSuite, salesFileSuite } from '#lib/validation/suites.ts'
import type { Source } from '#schemas/types.ts'
import type { ValidateArguments } from './arguments.ts'

/** Sales before anything about them is believed, and what is expected of such. */
export type Data = Readonly<{ name: string; source: Source; suite: Suite; rows: readonly SaleRow[] }>

type Environment = Readonly<Record<string, string | undefined>>

/** RejectedError bad_sales_file; FatalError where an archive cannot be read, or holds no sale. */
export function readData(data: ValidateArguments['data'], env: Environment): Promise<Data> {
  return data.kind === 'sales' ? readFile(data) : readArchive(data.uri, env)
}

async function readFile({ file, source }: Extract<ValidateArguments['data'], { kind: 'sales' }>): Promise<Data> {
  const rows: SaleRow[] = []
  for await (const raw of readRawSales(file)) rows.push(rowOfRawSale(raw))
  return { name: file, source, suite: salesFileSuite, rows }
}

async function readArchive(uri: string, env: Environment): Promise<Data> {
  const { archive, close } = await openArchive(uri, env)
  try {
    const topic = await archive.newest('market.events')
    const codec = archive.codec(topic)
    const rows: SaleRow[] = []
    let source: Source | null = null
    for await (const { partition, offset, value } of archive.records(topic)) {
      const event = value === null ? null : await decodedOrNone(() => codec.decode('MarketEvent', value))
      const row = event === null ? null : rowOfEvent(event, `partition ${partition} offset ${offset}`)
      source = event?.source ?? source
      if (row !== null) rows.push(row)
    }
    if (source === null) throw new FatalError(`archive ${archive.name}: expected events of a market, found none`)
    return { name: archive.name, source, suite: archiveSuite, rows }
  } finally {
    await close()
  }
}

/** Null of a record that is archived verbatim because nobody can decode it: it was a dead letter. */
async function decodedOrNone<Value>(decode: () => Value | Promise<Value>): Promise<Value | null> {
  try {
    return await decode()
  } catch (error) {
    if (error instanceof RejectedError) return null
    throw error
  }
}
