import { openArchive } from '#lib/running/open-archive.ts'
import { type RawSales, wholeArchive } from '#lib/training/sales/raw-sales.ts'
import { readSales } from '#lib/training/sales/sales-source.ts'
import type { SaleRow } from '#lib/validation/sale-row.ts'
import type { ValidateArguments } from './arguments.ts'

/** Sales before anything about them is believed, and what is expected of such. */
export type Data = Pick<RawSales, 'name' | 'source' | 'suite'> & Readonly<{ rows: readonly SaleRow[] }>

type Environment = Readonly<Record<string, string | undefined>>

/** RejectedError bad_sales_file; FatalError where an archive cannot be read, or holds no event. */
export async function readData(data: ValidateArguments['data'], env: Environment): Promise<Data> {
  if (data.kind === 'sales') return rowsOf(await readSales({ ...data, kind: 'file', part: { fraction: 1 } }))
  const { archive, close } = await openArchive(data.uri, env)
  try {
    return rowsOf(await readSales({ kind: 'archive', archive, span: wholeArchive }))
  } finally {
    await close()
  }
}

const rowsOf = ({ name, source, suite, entries }: RawSales): Data => ({
  name,
  source,
  suite,
  rows: entries.flatMap(({ row }) => row ?? []),
})
