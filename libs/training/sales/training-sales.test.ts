import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { saleColumns } from '#lib/market/sale-csv.ts'
import { noCleansing } from '#lib/validation/cleansing.ts'
import type { SaleColumn, SaleRow } from '#lib/validation/sale-row.ts'
import { sampleRow, sampleRows } from '#lib/validation/testing/sale-row-samples.ts'
import { readTrainingSales } from './training-sales.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-training-sales-'))
afterAll(() => rmSync(directory, { recursive: true }))

function read(rows: readonly SaleRow[], cleansing: Partial<typeof noCleansing> = {}) {
  const cells = (row: SaleRow) => ({ ...row, time: Number(row.time) / 1_000 })
  const lines = rows.map((row) => saleColumns.map((column) => cells(row)[column as SaleColumn] ?? '').join())
  const salesFile = join(directory, 'sales.csv')
  writeFileSync(salesFile, `${[saleColumns.join(), ...lines].join('\n')}\n`)
  const data = { kind: 'file', file: salesFile, part: { fraction: 1 }, source: 'synthetic' } as const
  return readTrainingSales({ data, cleansing: { ...noCleansing, ...cleansing } })
}

/** 400 honest rows with others in their place. */
const withRows = (changes: Readonly<Record<number, Partial<SaleRow>>>): SaleRow[] =>
  sampleRows(400).map((row, place) => ({ ...row, ...changes[place] }))

describe('the sales that training learns from', () => {
  test('are those of the file, where all are honest', async () => {
    const { events, historyOnly, leftOut } = await read(sampleRows(400))
    expect([events.length, historyOnly.size, leftOut]).toEqual([400, 0, {}])
  })

  test('a few broken rows are left out and counted; many refuse the file, with every reason', async () => {
    const { events, leftOut } = await read(withRows({ 3: { tail: 'back-anemone' }, 5: { priceUsd: 'NaN' } }))
    expect([events.length, leftOut]).toEqual([398, { broken: 2 }])
    const broken = sampleRows(400).map((row) => ({ ...row, class: 'Dragon', priceUsd: 20 }))
    await expect(read(broken)).rejects.toMatchObject({ code: 'data_refused' })
    await expect(read(broken)).rejects.toThrow(/class_is_known: [\s\S]*prices_vary: [\s\S]*no_price_dominates: /)
  })

  test('what cleansing leaves out stays history, because the live market will show it too', async () => {
    const { events, historyOnly, leftOut } = await read(withRows({ 7: { priceUsd: 4_000 } }), { maxPriceUsd: 2_000 })
    expect(events.length).toBe(400)
    expect([...historyOnly]).toEqual([events[7]?.eventId])
    expect(leftOut).toEqual({ 'price above the most': 1 })
  })

  test('a sale without a class is an error, unless it is to be dropped', async () => {
    const rows = withRows({ 7: { class: null }, 8: { class: null } })
    await expect(read(rows)).rejects.toThrow('class_is_there')
    const { events, leftOut } = await read(rows, { emptyClass: true })
    expect([events.length, leftOut]).toEqual([398, { 'empty class': 2 }])
  })

  test('the same row twice is one sale, dropped or not', async () => {
    const rows = sampleRows(400).flatMap((row, place) => (place === 9 ? [row, row] : [row]))
    expect((await read(rows)).events.length).toBe(400)
    const dropped = await read(rows, { duplicates: true })
    expect([dropped.events.length, dropped.historyOnly.size]).toEqual([400, 0])
  })

  test('name the data set: the same rows give the same id, one more, another price, another cleansing give another', async () => {
    const idOf = async (rows: readonly SaleRow[], cleansing = {}) => (await read(rows, cleansing)).dataset.id
    const id = await idOf(sampleRows(400))
    expect(await idOf(sampleRows(400))).toBe(id)
    expect(await idOf(sampleRows(401))).not.toBe(id)
    expect(await idOf(withRows({ 7: { priceUsd: 12_345 } }))).not.toBe(id)
    expect(await idOf(sampleRows(400), { maxPriceUsd: 35 })).not.toBe(id)
  })

  test('nothing but one sale again and again is refused', async () => {
    await expect(read(Array.from({ length: 400 }, () => sampleRow()))).rejects.toThrow('sales_are_unique')
  })
})
