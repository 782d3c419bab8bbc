import { expect, it } from 'vitest'
import { recordedSales } from '../../tests/market-data.ts'
import { payloadOf } from './event.ts'
import { readSalesFile } from './sale-csv.ts'

it('a file of 58,161 real sales is read whole', { timeout: 60_000 }, async () => {
  const ids = new Set<string>()
  for await (const event of readSalesFile(recordedSales())) if (payloadOf(event).kind === 'Sale') ids.add(event.eventId)
  expect(ids.size).toBe(58_161)
})
