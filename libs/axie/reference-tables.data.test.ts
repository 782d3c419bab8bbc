import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import type { Item } from '#schemas/types.ts'
import { referenceTables } from '../../scripts/generate/build-reference-tables.ts'
import { marketData } from '../../tests/market-data.ts'
import { decodeGenes, encodeGenes } from './genes.ts'
import { partOf, parts, partTypes } from './parts.ts'
import { profileOf } from './profile.ts'

type Row = Readonly<Record<string, string>>

const rowsOf = (name: string): Row[] => parse(readFileSync(marketData(name), 'utf8'), { columns: true })

const itemOf = (row: Row): Item => ({
  tokenId: row['id'] ?? '',
  class: row['class'] ?? '',
  breedCount: Number(row['breedCount'] ?? row['breedcount']),
  genes: null,
  parts: partTypes.map((type) => row[type] ?? ''),
  image: null,
})

describe('the reference tables', () => {
  it('are what scripts/generate/build-reference-tables.ts makes of the facts', () => {
    const committed = readFileSync(new URL('reference-tables.ts', import.meta.url), 'utf8')
    expect(committed).toBe(referenceTables(`${dirname(marketData('axie-parts.csv'))}/`))
  })

  it('know all 273 parts, and number them densely within their type', () => {
    expect(parts).toHaveLength(273)
    for (const type of partTypes) {
      const numbers = parts.filter((part) => part.type === type).map((part) => part.number)
      expect(numbers).toEqual(numbers.map((_, index) => index + 1))
      expect(Math.max(...numbers)).toBeLessThan(64)
    }
  })

  it('hold one part for every gene code of the facts, by class, type, code and skin', () => {
    const rows = rowsOf('axie-gene-codes.csv')
    const [plain, skins] = [rows.filter((row) => row['skin'] === 'global'), rows.filter((row) => row['skin'] !== 'global')]
    for (const row of plain) {
      const same = parts.filter((part) => part.type === row['type'] && part.class === row['class'] && part.special === null)
      expect(same.filter((part) => part.geneCode === Number.parseInt(row['code6'] ?? '', 2))).toHaveLength(1)
    }
    expect([plain.length, skins.length]).toEqual([192, 81])
  })
})

describe('every real axie', () => {
  it('of 58,161 sales has a profile with the purity the market shows', () => {
    const sales = rowsOf('axie-sales-2022-04-11_22.csv')
    expect(sales).toHaveLength(58_161)
    const wrong = sales.filter((row) => profileOf(itemOf(row)).purity !== Number(row['purity']))
    expect(wrong).toEqual([])
  })

  it('may have any of the 523 parts known in 2025', () => {
    const rows = rowsOf('axie-parts-2025.csv')
    expect(rows).toHaveLength(523)
    for (const { part_id: id = '', class: partClass = '', type = '', stage, special = '', plain_part: plain = '' } of rows) {
      const part = partOf(id)
      expect(part, id).toMatchObject({ id, type: type.toLowerCase(), class: partClass.toLowerCase(), stage: Number(stage) })
      expect(part?.geneCode, id).toBe(partOf(plain)?.geneCode)
      expect((part?.special ?? null) === null, id).toBe(special === '')
      expect(part?.special?.startsWith('nightmare') ?? false, id).toBe(special.startsWith('Nightmare'))
    }
  })

  it('of 1,200 on the leaderboard has the speed the market shows', () => {
    const leaders = rowsOf('axie-leaderboard-2022-04.csv')
    expect(leaders).toHaveLength(1_200)
    const wrong = leaders.filter((row) => profileOf(itemOf(row)).stats.speed !== Number(row['speed']))
    expect(wrong).toEqual([])
  })

  it('of the leaderboard has genes that say its class and parts again', () => {
    for (const row of rowsOf('axie-leaderboard-2022-04.csv')) {
      const profile = profileOf(itemOf(row))
      const genes = encodeGenes({ class: profile.class as 'beast', dominant: profile.parts })
      if (genes === null) expect(profile.specialParts).toBeGreaterThan(0)
      else expect(partTypes.map((type) => decodeGenes(genes)?.parts[type].dominant.part.id)).toEqual(Object.values(profile.parts))
    }
  })
})
