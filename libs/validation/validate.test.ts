import { describe, expect, test } from 'vitest'
import type { Expectation } from './expectation.ts'
import { profileRows } from './profile.ts'
import type { SaleRow } from './sale-row.ts'
import { archiveSuite, freshness, hourSuite, salesFileSuite } from './suites.ts'
import { firstRowAt, sampleRow, sampleRows } from './testing/sale-row-samples.ts'
import { brokenBy, validateRows } from './validate.ts'

const asOf = firstRowAt + 30 * 86_400_000
const validate = (rows: readonly SaleRow[], reference = null as ReturnType<typeof profileRows> | null, suite = salesFileSuite) =>
  validateRows(suite, rows, { asOf, reference })

/** Names of expectations that failed, whatever their severity. */
const failed = (...given: Parameters<typeof validate>): string[] =>
  validate(...given).results.flatMap(({ name, status }) => (status === 'failed' ? [name] : []))

/** `count` honest rows, of which every one `every` so often is changed. */
const withSome = (count: number, every: number, change: (row: SaleRow) => Partial<SaleRow>): SaleRow[] =>
  sampleRows(count).map((row, place) => (place % every === every - 1 ? { ...row, ...change(row) } : row))

describe('the suite for a file of sales', () => {
  test('accepts honest sales; what needs a data set accepted before is not evaluated', () => {
    const { accepted, results, badRows } = validate(sampleRows(400))
    expect(results.filter(({ status }) => status === 'failed')).toEqual([])
    expect([accepted, badRows.size]).toEqual([true, 0])
    expect(results.filter(({ status }) => status === 'not evaluated').every(({ name }) => /drift|seen_with|buyer/.test(name))).toBe(true)
  })

  const faults: readonly [string, SaleRow[]][] = [
    ['enough_rows', sampleRows(299)],
    ['time_is_there', withSome(400, 100, () => ({ time: null }))],
    ['id_is_there', withSome(400, 100, () => ({ id: null }))],
    ['class_is_there', withSome(400, 100, () => ({ class: null }))],
    ['breed_count_is_there', withSome(400, 100, () => ({ breedCount: null }))],
    ['price_is_there', withSome(400, 50, () => ({ priceUsd: null }))],
    ['price_in_range', withSome(400, 50, () => ({ priceUsd: 'NaN' }))],
    ['price_in_range', withSome(400, 50, () => ({ priceUsd: -3 }))],
    ['time_is_a_time', withSome(400, 100, () => ({ time: 'yesterday' }))],
    ['id_is_a_number', withSome(400, 100, () => ({ id: 'axie' }))],
    ['breed_count_in_range', withSome(400, 50, () => ({ breedCount: 8 }))],
    ['breed_count_in_range', withSome(400, 50, () => ({ breedCount: 1.5 }))],
    ['class_is_known', withSome(400, 50, () => ({ class: 'Dragon' }))],
    ['eyes_are_known', withSome(400, 50, () => ({ eyes: 'tail-koi' }))],
    ['tail_is_known', withSome(400, 50, () => ({ tail: null }))],
    ['back_is_known', withSome(400, 50, () => ({ back: 'tail-yam' }))],
    ['purity_agrees_with_parts', withSome(400, 50, () => ({ purity: 100 }))],
    ['sales_are_unique', withSome(400, 50, () => ({ id: 999, time: firstRowAt, priceUsd: 30 }))],
    ['time_in_order', withSome(400, 100, ({ time }) => ({ time: (time as number) - 3_600_000 }))],
    ['not_in_the_future', sampleRows(400).concat(sampleRow({ time: asOf + 3_600_000 }))],
    ['prices_vary', sampleRows(400).map((row) => ({ ...row, priceUsd: 20 }))],
    ['no_axie_dominates', sampleRows(400).map((row) => ({ ...row, id: 7 }))],
    ['seller_is_not_buyer', withSome(400, 10, () => ({ seller: '0xa', buyer: '0xa' }))],
  ]
  test.each(faults)('refuses what breaks %s', (name, rows) => {
    expect(failed(rows)).toContain(name)
    expect(validate(rows).accepted).toBe(false)
  })

  const warnings = (rows: readonly SaleRow[]): string[] =>
    validate(rows).results.flatMap(({ name, status, severity }) => (status === 'failed' && severity === 'warning' ? [name] : []))

  test('times by the day are told of and accepted: two sales of one axie on a day, at two prices, are no duplicate', () => {
    const byDay = sampleRows(400).map((row, place) => ({ ...row, id: 1_000 + (place >> 1), time: firstRowAt, priceUsd: 20 + (place % 17) }))
    expect(warnings(byDay)).toContain('one_sale_at_a_time')
    expect(failed(byDay)).not.toContain('sales_are_unique')
    expect(validate(byDay).accepted).toBe(true)
  })

  test('a market of one class is told of and accepted', () => {
    const [first] = sampleRows(1)
    const ofOneClass = sampleRows(3_000).filter((row) => row.class === first?.class)
    expect(warnings(ofOneClass)).toContain('several_classes')
    expect(validate(ofOneClass).accepted).toBe(true)
  })

  test('lets a few parts of another type pass, and says which rows to leave out', () => {
    const { accepted, badRows, results } = validate(withSome(400, 200, () => ({ horn: 'tail-koi' })))
    expect(accepted).toBe(true)
    expect([...badRows]).toEqual([199, 399])
    const result = results.find(({ name }) => name === 'horn_is_known')
    expect(result).toMatchObject({ status: 'passed', found: '2 of 400 do not', failing: 2 })
    expect(result?.expected).toContain('in at least 99% of rows')
    expect(result?.examples[0]).toEqual({ where: 'row 201', cells: { id: 1_199, horn: 'tail-koi' } })
  })

  test('of duplicates only, says so rather than that there are few', () => {
    expect(failed(Array.from({ length: 400 }, () => sampleRow()))).toEqual(
      expect.arrayContaining(['sales_are_unique', 'several_classes', 'prices_vary', 'no_price_dominates']),
    )
  })

  test('warns of a long gap and of unusual prices, and uses the data', () => {
    const gap = sampleRows(400).map((row, place) => (place < 200 ? row : { ...row, time: (row.time as number) + 3 * 86_400_000 }))
    expect(failed(gap)).toEqual(['no_long_gap'])
    expect(validate(gap).accepted).toBe(true)
    expect(failed(withSome(400, 50, () => ({ priceUsd: 0.1 })))).toEqual(['price_is_usual'])
  })

  test('freshness is asked for where data is to be of today', () => {
    const suite = { ...salesFileSuite, expectations: [...salesFileSuite.expectations, freshness(24)] as Expectation[] }
    expect(failed(sampleRows(400), null, suite)).toEqual(['newest_is_fresh'])
  })

  test('no row at all is a refusal, not an error of ours', () => {
    expect(validate([]).accepted).toBe(false)
  })
})

describe('drift against the last accepted data set', () => {
  const before = profileRows(sampleRows(2_000))

  test('is not found between data alike, however small the new one', () => {
    expect(failed(sampleRows(1_000), before)).toEqual([])
    expect(failed(sampleRows(300), before)).toEqual([])
  })

  test('is told of each column, and refused where it is rather a broken source', () => {
    expect(
      failed(
        sampleRows(1_000).map((row) => ({ ...row, priceUsd: Number(row.priceUsd) * 1.2 })),
        before,
      ),
    ).toEqual(['price_drift'])
    const decimalShift = sampleRows(1_000).map((row) => ({ ...row, priceUsd: Number(row.priceUsd) * 100 }))
    expect(failed(decimalShift, before)).toEqual(['price_drift', 'price_drift_extreme'])
    expect(validate(decimalShift, before).accepted).toBe(false)
  })

  test('a part on a class that never had it is told', () => {
    const shuffled = withSome(1_000, 10, () => ({ eyes: 'eyes-gecko' }))
    expect(failed(shuffled, before)).toContain('parts_seen_with_class')
  })
})

describe('an archive', () => {
  test('has late sales; many are told, none is refused for it', () => {
    const late = withSome(400, 10, ({ time }) => ({ time: (time as number) - 7_200_000 }))
    expect(failed(late, null, archiveSuite)).toEqual(['time_in_order'])
    expect(validate(late, null, archiveSuite).accepted).toBe(true)
  })

  test('judges the future by when a sale was known', () => {
    const known = sampleRows(400).map((row) => ({ ...row, observedAt: row.time as number }))
    expect(failed(known, null, archiveSuite)).toEqual([])
    const early = known.map((row) => ({ ...row, observedAt: row.observedAt - 3_600_000 }))
    expect(failed(early, null, archiveSuite)).toEqual(['not_in_the_future'])
  })
})

describe('one record, and one hour, of the stream', () => {
  test('a row names every expectation it breaks', () => {
    const surroundings = { asOf, reference: null }
    expect(brokenBy(salesFileSuite, sampleRow(), surroundings)).toEqual([])
    expect(brokenBy(salesFileSuite, sampleRow({ breedCount: 9, class: '?' }), surroundings)).toEqual([
      'breed_count_in_range',
      'class_is_known',
    ])
  })

  test('an honest hour passes, one of a single price does not', () => {
    expect(failed(sampleRows(30), null, hourSuite)).toEqual([])
    expect(
      failed(
        sampleRows(30).map((row) => ({ ...row, priceUsd: 5 })),
        null,
        hourSuite,
      ),
    ).toEqual(['hour_prices_vary', 'hour_no_price_dominates'])
  })
})
