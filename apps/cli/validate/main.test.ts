import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { UsageError } from '#lib/app/usage-error.ts'
import { archiveEvents } from '#lib/archive/testing/archive-samples.ts'
import { payloadOf } from '#lib/market/event.ts'
import { saleColumns } from '#lib/market/sale-csv.ts'
import { createFileStore } from '#lib/objectstore/file-store.ts'
import { someSales } from '#lib/training/testing/sales-samples.ts'
import type { SaleColumn, SaleRow } from '#lib/validation/sale-row.ts'
import { sampleRows } from '#lib/validation/testing/sale-row-samples.ts'
import type { MarketEvent, Sale } from '#schemas/types.ts'
import { run } from './main.ts'

const root = mkdtempSync(join(tmpdir(), 'flipstream-validate-'))
afterAll(() => rmSync(root, { recursive: true }))
afterEach(() => void vi.restoreAllMocks())

function salesFile(name: string, rows: readonly SaleRow[]): string {
  const cells = (row: SaleRow) => ({ ...row, time: Number(row.time) / 1_000 })
  const lines = rows.map((row) => saleColumns.map((column) => cells(row)[column as SaleColumn] ?? '').join())
  const file = join(root, name)
  writeFileSync(file, `${[saleColumns.join(), ...lines].join('\n')}\n`)
  return file
}

function withoutDollars(event: MarketEvent): MarketEvent {
  const sale = payloadOf(event).value as Sale
  return { ...event, payload: { 'flipstream.Sale': { ...sale, priceUsd: null } } }
}

/** Runs it and returns what it printed and its exit code. */
async function validate(...argv: string[]) {
  const printed: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
  const code = await run(argv, {}, root)
  vi.restoreAllMocks()
  return { code, printed: printed.join('') }
}

describe('flipstream validate', () => {
  const honest = salesFile('honest.csv', sampleRows(400))
  const broken = salesFile(
    'broken.csv',
    sampleRows(400).map((row, place) => (place < 40 ? { ...row, class: '<Dragon>' } : row)),
  )

  test('accepts honest sales with 0, refuses others with 1 and says which rows of the file', async () => {
    expect(await validate('--sales', honest)).toMatchObject({ code: 0, printed: expect.stringContaining('accepted') })
    const { code, printed } = await validate('--sales', broken)
    expect(code).toBe(1)
    expect(printed).toContain(
      'class_is_known: expected class to be one of the nine classes, in at least 99% of rows; found 40 of 400 do not',
    )
    expect(printed).toContain(`${broken} row 2: {"id":1000,"class":"<Dragon>"}`)
  })

  test('--json is one object with every expectation', async () => {
    const { printed } = await validate('--sales', broken, '--json')
    const answer = JSON.parse(printed)
    expect(answer).toMatchObject({ suite: 'sales file', rows: 400, accepted: false, rowsLeftOut: 40 })
    expect(answer.results.find(({ name }: { name: string }) => name === 'class_is_known')).toMatchObject({ status: 'failed', failing: 40 })
  })

  test('--report writes data docs that hold the failing rows, escaped', async () => {
    const report = join(root, 'docs.html')
    await validate('--sales', broken, '--report', report)
    const page = readFileSync(report, 'utf8')
    expect(page).toContain('Refused')
    expect(page).toContain('&lt;Dragon&gt;')
    expect(page).not.toContain('<Dragon>')
  })

  test('--accept is what the next is compared with, and only what was accepted', async () => {
    const dear = salesFile(
      'dear.csv',
      sampleRows(400).map((row) => ({ ...row, priceUsd: Number(row.priceUsd) * 100 })),
    )
    expect((await validate('--sales', honest, '--accept')).code).toBe(0)
    const { code, printed } = await validate('--sales', dear)
    expect([code, printed.includes('price_drift_extreme')]).toEqual([1, true])
    expect((await validate('--sales', broken, '--accept')).code).toBe(1)
    expect((await validate('--sales', dear)).code).toBe(1)
    expect((await validate('--sales', dear, '--accept')).code).toBe(0)
    expect((await validate('--sales', dear)).code).toBe(0)
  })

  test('old data is refused where it is to be fresh', async () => {
    const { code, printed } = await validate('--sales', honest, '--fresh', '24', '--accept')
    expect([code, printed.includes('newest_is_fresh')]).toEqual([1, true])
  })

  test('an archive is judged by what the market said: late sales are normal, and its rows are offsets', async () => {
    const directory = join(root, 'run')
    const events = someSales(400, 1).map((event, place) => (place % 50 === 0 ? withoutDollars(event) : event))
    await archiveEvents(createFileStore({ directory }), events)
    const { code, printed } = await validate('--archive', directory)
    expect(code).toBe(1)
    expect(printed).toContain('400 sales against the suite archive')
    expect(printed).toMatch(/price_is_there: .* found 8 of 400 do not\n\s+partition 0 offset 0: /)
  })

  test('a file without the columns is told so', async () => {
    const file = join(root, 'wrong.csv')
    writeFileSync(file, 'when,axie\n1,2\n')
    const { code, printed } = await validate('--sales', file)
    expect(code).toBe(1)
    expect(printed).toContain('expected the columns time, id')
    expect(printed).not.toContain('at async')
  })

  test.each([
    [[], '--sales FILE.csv or --archive URI is missing'],
    [['--sales', '/no/such.csv'], 'no file'],
    [['--sales', honest, '--fresh', 'x'], '--fresh: expected a duration'],
    [['--sales', honest, '--source', 'live'], '--source'],
    [['--sales', honest, '--archive', root], '--sales and --archive: give one'],
    [['--archive', root, '--source', 'synthetic'], 'an archive says itself'],
    [['--archive', '/no/such/place'], 'expected a run'],
    [['--sails'], "Unknown option '--sails'"],
  ])('%j is a usage error: %s', async (argv, message) => {
    await expect(run(argv, {}, root)).rejects.toThrow(UsageError)
    await expect(run(argv, {}, root)).rejects.toThrow(message)
  })
})
