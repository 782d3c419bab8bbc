import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RejectedError } from '#lib/errors/errors.ts'
import type { MarketEvent } from '#schemas/types.ts'
import { readSalesFile, type SalesFileOptions, saleColumns } from './sale-csv.ts'

const header = saleColumns.join(',')
const row = '1649639067,5016355,Aquatic,0,83,eyes-scar,ears-inkling,mouth-risky-fish,horn-oranda,back-anemone,tail-koi,21'
const later = row.replace('1649639067', '1649639070').replace('eyes-scar', 'eyes-kotaro?')

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sales-'))
})
afterAll(() => rm(directory, { recursive: true }))

async function read(text: string, options?: SalesFileOptions): Promise<MarketEvent[]> {
  const path = join(directory, 'sales.csv')
  await writeFile(path, text)
  const events: MarketEvent[] = []
  for await (const event of readSalesFile(path, options)) events.push(event)
  return events
}

const refusal = async (...lines: string[]): Promise<string> => {
  try {
    await read(lines.join('\n'))
    return 'accepted'
  } catch (error) {
    if (error instanceof RejectedError && error.code === 'bad_sales_file') return error.message.replace(directory, '')
    throw error
  }
}

describe('a file of sales', () => {
  it('is events in its order, each observed when it happened', async () => {
    const [first, second] = await read([header, row, later, ''].join('\n'))
    expect(first).toMatchObject({
      eventId: 'sale:axie:5016355:1649639067000',
      eventTime: 1_649_639_067_000,
      observedAt: 1_649_639_067_000,
      origin: 'live',
      source: 'recorded',
      payload: {
        'flipstream.Sale': {
          saleId: 'axie:5016355:1649639067000',
          priceUsd: '21',
          priceWei: '7000000000000000',
          item: { tokenId: '5016355', class: 'Aquatic', breedCount: 0, genes: null },
        },
      },
    })
    expect(second?.eventTime).toBe(1_649_639_070_000)
  })

  it('may tell titles: an empty one is none, or unknown', async () => {
    const events = await read([`${header},title`, `${row},Origin`, `${later},`].join('\n'))
    const items = events.map(({ payload }) => ('flipstream.Sale' in payload ? payload['flipstream.Sale'].item.attributes : null))
    expect(items).toEqual([expect.objectContaining({ title: 'Origin', level: null, parts: [] }), undefined])
  })

  it('takes columns in any order, a byte order mark, and the rate to make wei by', async () => {
    const order = [11, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    const shuffle = (line: string): string => order.map((column) => line.split(',')[column]).join(',')
    const [event] = await read(`\uFEFF${shuffle(header)}\n${shuffle(row)}\n`, { ethUsd: 2_100, source: 'synthetic' })
    expect(event).toMatchObject({ source: 'synthetic', payload: { 'flipstream.Sale': { priceWei: '10000000000000000' } } })
  })

  it.each([
    [
      'whole numbers with a dot, as pandas writes them',
      [header, row.replace('1649639067,5016355,Aquatic,0,83', '1649639067.0,5016355.0,Aquatic,0.0,83.0')],
    ],
    ['blank lines', [header, '', row, '', '  ', '']],
    ['a tail of commas, as Excel leaves it', [header, row, ',,,,,,,,,,,', ',,,,,,,,,,,']],
    ['space around cells and names', [header.replaceAll(',', ' , '), row.replaceAll(',', ' ,')]],
    ["Windows' line ends", [`${header}\r`, `${row}\r`]],
  ])('with %s says the same', async (_, lines) => {
    expect(await read(lines.join('\n'))).toEqual(await read([header, row].join('\n')))
  })

  it('counts rows as an editor does, blank ones too', async () => {
    expect(await refusal(header, '', row, '', later.replace('Aquatic', 'Aquatick'))).toMatch(/sales\.csv row 5: /)
  })

  it.each([
    ['missing columns', [header.replace(',tail', ''), row], /sales\.csv: expected the columns .*; tail missing/],
    ['a price of zero', [header, row, later.replace(/21$/, '0')], /sales\.csv row 3: priceUsd: expected more than 0 dollars, found "0"/],
    ['a price that is none', [header, row.replace(/21$/, 'cheap')], /row 2: priceUsd: expected dollars .* found "cheap"/],
    [
      'two of what is no part',
      [header, row.replace('tail-koi', 'wings-of-woe').replace('back-anemone', 'wings-of-joy')],
      /row 2: axie 5016355: expected a part of one of six types, found "wings-of-joy"/,
    ],
    ['an unknown class', [header, row.replace('Aquatic', 'Dragon')], /row 2: axie 5016355: expected a known class, found "Dragon"/],
    ['an impossible breed count', [header, row.replace(',0,83', ',9,83')], /row 2: axie 5016355: expected 0 to 7, found 9/],
    [
      'a time that is none',
      [header, row.replace('1649639067', 'noon')],
      /row 2: expected time in unix seconds, which have no time zone, found "noon"/,
    ],
    [
      'a time with a zone',
      [header, row.replace('1649639067', '2022-04-11T01:04:27+02:00')],
      /row 2: expected time in unix seconds, which have no time zone/,
    ],
    ...(['milliseconds', 'microseconds', 'nanoseconds'] as const).map((unit, place): [string, string[], RegExp] => [
      `a time in ${unit}`,
      [header, row.replace('1649639067', `1649639067${'000'.repeat(place + 1)}`)],
      new RegExp(`row 2: expected time in unix seconds, found 1649639067(000)+: are these ${unit}\\?`),
    ]),
    ['a time below the second', [header, row.replace('1649639067', '1649639067.5')], /row 2: expected time in unix seconds/],
    [
      'a breed count with a fraction',
      [header, row.replace(',0,83', ',0.5,83')],
      /row 2: expected breedCount to be a whole number, found "0.5"/,
    ],
    ['an id of Excel', [header, row.replace('5016355', '5.016E+06')], /row 2: expected id to be a whole number, found "5.016E\+06"/],
    ['a column twice', [`${header},priceUsd`, `${row},999`], /sales\.csv: expected each column once, found priceUsd more than once/],
    ['two columns twice', [`${header},tail,id`, `${row},x,1`], /each column once, found tail, id more than once/],
    ['rows out of order', [header, later, row], /row 3: expected rows sorted by time, found 1649639067 after 1649639070/],
    ['a row cut short', [header, row, '1649639068,17,Aquatic'], /row 3: expected 12 cells, found 3/],
    ['a row cut short, far behind', [header, ...Array(500).fill(row), '1649639068,17,Aquatic'], /row 502: expected 12 cells, found 3/],
    ['an open quote', [header, row, `"${later}`], /row 3: /],
    ['no sale at all', [header], /expected at least one sale, found none/],
    ['nothing', [''], /expected at least one sale, found none/],
  ])('with %s is refused, saying where and why', async (_, lines, message) => {
    expect(await refusal(...lines)).toMatch(message)
  })

  it('that does not exist is an error that names it', async () => {
    await expect(readSalesFile(join(directory, 'none.csv')).next()).rejects.toThrow('none.csv')
  })
})
