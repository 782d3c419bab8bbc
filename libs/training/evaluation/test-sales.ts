import { RejectedError } from '#lib/errors/errors.ts'
import { eventOfRawSale, readRawSales } from '#lib/market/sale-csv.ts'
import type { MarketEvent, Source } from '#schemas/types.ts'

/** Sales to be asked about, in the order of time. Live, what is no sale is a dead letter and the stream goes on: here it is counted. */
export type TestSales = Readonly<{ events: readonly MarketEvent[]; leftOut: number }>

/** RejectedError bad_sales_file: columns missing, no CSV, or not a single sale in it. */
export async function readTestSales(path: string, source: Source): Promise<TestSales> {
  const events = new Map<string, MarketEvent>()
  let [rows, firstProblem] = [0, '']
  for await (const raw of readRawSales(path)) {
    rows++
    try {
      const event = eventOfRawSale(raw, { source })
      if (!events.has(event.eventId)) events.set(event.eventId, event)
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error
      firstProblem ||= error.message
    }
  }
  if (events.size === 0)
    throw new RejectedError('bad_sales_file', `${path}: none of its ${rows} rows is a sale; the first: ${firstProblem}`)
  return { events: [...events.values()].sort((a, b) => a.eventTime - b.eventTime), leftOut: rows - events.size }
}
