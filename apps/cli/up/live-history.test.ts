import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { profileOf } from '#lib/axie/profile.ts'
import { payloadOf } from '#lib/market/event.ts'
import { readSalesFile } from '#lib/market/sale-csv.ts'
import type { ItemAttributes, Sale } from '#schemas/types.ts'
import { writeSales } from './live-history.ts'

const directory = mkdtempSync(join(tmpdir(), 'history-'))
afterAll(() => rmSync(directory, { recursive: true }))

const nothing: ItemAttributes = {
  ...{ title: null, bodyShape: null, stage: null, level: null, onchainLevel: null, isBanned: null },
  ...{ mystic: null, japanese: null, xmas: null, summer: null, parts: [] },
}
const sale = (number: number, tail: string, attributes: ItemAttributes | null = null): Sale => ({
  saleId: `axie:${number}:x`,
  item: {
    ...{ tokenId: String(number), class: 'Aquatic', breedCount: 1, genes: null, image: null, attributes },
    parts: ['eyes-clear', 'ears-nyan', 'mouth-lam', 'horn-lagging', 'back-hermit', tail],
  },
  ...{ soldAt: 1_800_000_000_000 + number * 1_000, priceWei: '1', priceUsd: '5.5', seller: null, buyer: null, txHash: null },
})

/** What the training reads of what was written. */
async function profilesRead(sales: readonly Sale[]) {
  const file = join(directory, 'history.csv')
  const written = await writeSales(sales, file)
  const profiles = []
  for await (const event of readSalesFile(file, { source: 'live' })) {
    const payload = payloadOf(event)
    if (payload.kind === 'Sale') profiles.push(profileOf(payload.value.item))
  }
  return { written, profiles }
}

test('history that trains keeps evolved parts and titles, and says nothing of levels, which may have come later', async () => {
  const origin = { ...nothing, title: 'Origin', level: 31, onchainLevel: 20 }
  const { written, profiles } = await profilesRead([sale(1, 'tail-koi-2', origin), sale(2, 'tail-koi')])
  expect(written).toEqual({ sales: 2, leftOut: 0 })
  expect(profiles[0]?.attributes).toMatchObject({ title: 'origin', evolvedParts: 1, level: null, onchainLevel: null })
  expect(profiles[1]?.attributes).toBeNull()
})

test('ids and titles that nobody has heard of cost nothing, whatever they are spelled with', async () => {
  const strange = 'tail-a,"b"\nc'
  const { written, profiles } = await profilesRead([sale(1, strange, { ...nothing, title: '=1+1, or "so"' }), sale(2, 'tail-koi')])
  expect(written).toEqual({ sales: 2, leftOut: 0 })
  expect(profiles.map(({ parts }) => parts.tail)).toEqual([strange, 'tail-koi'])
  expect(profiles[0]?.attributes?.title).toContain('1+1, or "so"')
})

test('parts of which the market alone tells where they sit do not spoil the file', async () => {
  const types = ['Eyes', 'Ears', 'Mouth', 'Horn', 'Back', 'Tail']
  const described = { ...nothing, parts: types.map((type) => ({ class: 'Beast', type, special: '', stage: 1 })) }
  const strange = sale(1, 'back-to-front', described)
  const { written, profiles } = await profilesRead([
    { ...strange, item: { ...strange.item, parts: ['1', '2', '3', '4', '', '6'] } },
    strange,
  ])
  expect(written).toEqual({ sales: 2, leftOut: 0 })
  expect(profiles.map(({ parts }) => parts.tail)).toEqual(['tail-6', 'tail-back-to-front'])
})
