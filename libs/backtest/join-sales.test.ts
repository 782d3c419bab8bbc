import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { saleColumns } from '#lib/market/sale-csv.ts'
import { withJoinedSales } from './join-sales.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-join-'))
afterAll(() => rmSync(directory, { recursive: true }))

const header = saleColumns.join()
const second = 1_650_110_400
const sale = (after: number, id = 100 + after): string =>
  `${second + after},${id},Plant,1,1,eyes-telescope,ears-nimo,mouth-risky-fish,horn-oranda,back-anemone,tail-koi,80.5`
const fileOf = (name: string, ...rows: string[]): string => {
  const file = join(directory, name)
  writeFileSync(file, `${[header, ...rows].join('\n')}\n`)
  return file
}
const joined = (...files: string[]) => withJoinedSales(files, async (file) => readFileSync(file, 'utf8').trimEnd().split('\n'))

describe('several files of sales', () => {
  it('are one that is sorted by time, in whatever order they are given and where they overlap', async () => {
    const late = fileOf('late.csv', sale(3), sale(5))
    const early = fileOf('early.csv', sale(1), sale(4))
    expect(await joined(late, early)).toEqual([header, sale(1), sale(3), sale(4), sale(5)])
  })

  it('are gone when they were used', async () => {
    const files = [fileOf('a.csv', sale(1)), fileOf('b.csv', sale(2))]
    expect(existsSync(await withJoinedSales(files, async (file) => file))).toBe(false)
  })

  it('are left as they are where there is only one', async () => {
    const only = fileOf('only.csv', sale(1))
    expect(await withJoinedSales([only], async (file) => file)).toBe(only)
  })

  it.each([
    ['a sale that is in two of them', [sale(1), sale(2)], /late\.csv row 2: the same sale .* as .*bad\.csv row 3/],
    ['one that is not sorted', [sale(1), sale(0)], /bad\.csv row 3: expected rows sorted by time/],
    ['a bad number', [sale(1).replace('80.5', 'much')], /bad\.csv row 2: priceUsd: expected dollars/],
    ['an empty one', [], /bad\.csv: expected at least one sale/],
  ])('refused, with file and row: %s', async (_what, rows, message) => {
    await expect(joined(fileOf('bad.csv', ...rows), fileOf('late.csv', sale(2), sale(9)))).rejects.toThrow(message)
  })
})
